use super::Tier::{Advisory, Critical, Supporting};
use super::*;

fn measured(value: f64, low: f64, high: f64) -> Measured {
    Measured {
        value: Some(value),
        interval: Some((low, high)),
        undefined_reason: String::new(),
    }
}

fn finding(metric: &'static str, difference: Measured) -> Finding<'static> {
    Finding {
        candidate: "new",
        metric,
        slice: None,
        direction: Direction::Higher,
        difference,
        tested: Some(Tested {
            p_adjusted: 0.2,
            at_floor: false,
            decision: Decision::Inconclusive,
        }),
        baseline_value: Some(0.8),
        value: measured(0.81, 0.79, 0.83),
    }
}

fn rule(metric: &str, margin: Option<f64>, tier: Tier) -> Rule {
    Rule {
        metric: metric.into(),
        margin: margin.map(Margin::Absolute),
        threshold: None,
        tier,
        slices: Vec::new(),
    }
}

fn policy(rules: Vec<Rule>) -> Policy {
    Policy {
        rules,
        allowed_supporting_failures: 0,
    }
}

fn outcome(rule: Rule, finding: Finding<'_>) -> Outcome {
    let answer = judge(&policy(vec![rule]), &[finding], 0.95);
    answer.candidates[0].rules[0].outcome
}

#[test]
fn a_single_rule_decides_by_the_interval_itself() {
    let by = |low, high| {
        let found = finding("accuracy", measured(f64::midpoint(low, high), low, high));
        outcome(rule("accuracy", Some(0.01), Tier::Critical), found)
    };
    assert_eq!(by(-0.01, 0.05), Outcome::Passed);
    assert_eq!(by(-0.0101, 0.05), Outcome::Inconclusive);
    assert_eq!(by(-0.05, -0.01), Outcome::Inconclusive);
    assert_eq!(by(-0.05, -0.0101), Outcome::Failed);
}

#[test]
fn lower_is_better_turns_the_sides() {
    let by = |low, high| {
        let found = Finding {
            direction: Direction::Lower,
            ..finding("wer", measured(f64::midpoint(low, high), low, high))
        };
        outcome(rule("wer", Some(0.01), Tier::Critical), found)
    };
    assert_eq!(by(-0.05, 0.01), Outcome::Passed);
    assert_eq!(by(0.0, 0.02), Outcome::Inconclusive);
    assert_eq!(by(0.011, 0.02), Outcome::Failed);
}

#[test]
fn a_relative_margin_is_a_share_of_the_baseline() {
    let by = |share| {
        let relative = Rule {
            margin: Some(Margin::Relative(share)),
            ..rule("accuracy", None, Tier::Critical)
        };
        outcome(relative, finding("accuracy", measured(0.0, -0.02, 0.02)))
    };
    assert_eq!(by(0.0251), Outcome::Passed);
    assert_eq!(by(0.0249), Outcome::Inconclusive);
}

#[test]
fn a_threshold_looks_at_the_value_of_the_candidate() {
    let by = |threshold| {
        let own = Rule {
            threshold: Some(threshold),
            ..rule("accuracy", None, Tier::Critical)
        };
        outcome(own, finding("accuracy", measured(-0.5, -0.6, -0.4)))
    };
    assert_eq!(by(0.79), Outcome::Passed);
    assert_eq!(by(0.80), Outcome::Inconclusive);
    assert_eq!(by(0.84), Outcome::Failed);
}

#[test]
fn without_a_margin_the_verdict_of_the_comparison_decides() {
    let by = |difference: Measured, decision: Decision, (p_adjusted, at_floor): (f64, bool)| {
        let found = Finding {
            tested: Some(Tested {
                p_adjusted,
                at_floor,
                decision,
            }),
            ..finding("accuracy", difference)
        };
        let rules = vec![rule("accuracy", Some(0.0), Tier::Critical)];
        let mut answer = judge(&policy(rules), &[found], 0.95);
        let check = answer.candidates[0].rules[0].checks.remove(0);
        (check.outcome, check.reason)
    };
    let (better, worse) = (|| measured(0.1, -0.1, 0.3), || measured(-0.1, -0.3, 0.1));
    assert_eq!(
        by(better(), Decision::Improved, (2e-4, true)),
        (
            Outcome::Passed,
            "difference +0.1000: significantly better, adjusted p <2.0e-4".into()
        )
    );
    let (outcome, reason) = by(worse(), Decision::Regressed, (0.0, false));
    assert_eq!(outcome, Outcome::Failed);
    assert!(reason.ends_with("adjusted p <1e-300"), "{reason}");
    for decision in [Decision::Inconclusive, Decision::Equivalent] {
        assert_eq!(
            by(better(), decision, (0.06, false)).0,
            Outcome::Inconclusive
        );
    }
    let same = by(
        measured(0.0, 0.0, 0.0),
        Decision::Inconclusive,
        (1.0, false),
    );
    assert_eq!(same.0, Outcome::Passed);
    // The sign test counts rows, which may say another thing than their mean.
    let (outcome, reason) = by(worse(), Decision::Inconclusive, (0.001, false));
    assert_eq!(outcome, Outcome::Inconclusive);
    assert!(reason.contains("another way"), "{reason}");
}

#[test]
fn failing_shares_the_level_and_passing_does_not() {
    // Ends at 1.96 standard errors of 0.01; four checks share 0.05, so that failing takes 2.50 of them.
    let found = |value: f64| measured(value, value - 0.0196, value + 0.0196);
    let judged = |value: f64| {
        let names = ["a", "b", "c", "d"];
        let findings: Vec<_> = names
            .iter()
            .map(|name| finding(name, found(value)))
            .collect();
        let rules = names
            .iter()
            .map(|name| rule(name, Some(0.01), Tier::Critical));
        judge(&policy(rules.collect()), &findings, 0.95).verdict
    };
    assert_eq!(judged(0.0097), Verdict::Go);
    assert_eq!(judged(0.0095), Verdict::Inconclusive);
    assert_eq!(judged(-0.0348), Verdict::Inconclusive);
    assert_eq!(judged(-0.0351), Verdict::NoGo);
}

#[test]
fn candidates_share_the_level_of_passing() {
    // 2.24 standard errors for two candidates.
    let judged = |value: f64| {
        let difference = measured(value, value - 0.0196, value + 0.0196);
        let first = finding("a", difference);
        let second = Finding {
            candidate: "newer",
            ..first.clone()
        };
        judge(
            &policy(vec![rule("a", Some(0.01), Tier::Critical)]),
            &[first, second],
            0.95,
        )
    };
    assert_eq!(judged(0.0125).verdict, Verdict::Go);
    assert_eq!(judged(0.0124).verdict, Verdict::Inconclusive);
    assert_eq!(judged(0.0125).candidates.len(), 2);
}

#[test]
fn tiers_count_as_they_say() {
    let (good, open, bad) = (
        || measured(0.1, 0.05, 0.15),
        || measured(0.0, -0.5, 0.5),
        || measured(-0.5, -0.6, -0.4),
    );
    let judged = |findings: [Measured; 3], tiers: [Tier; 3], allowed: usize| {
        let names = ["a", "b", "c"];
        let rules = names.iter().zip(tiers);
        let rules = rules.map(|(name, tier)| rule(name, Some(0.01), tier));
        let policy = Policy {
            rules: rules.collect(),
            allowed_supporting_failures: allowed,
        };
        let findings: Vec<_> = names
            .iter()
            .zip(findings)
            .map(|(name, found)| finding(name, found))
            .collect();
        judge(&policy, &findings, 0.95).verdict
    };
    let one_bad = || [good(), open(), bad()];
    let mixed = [Critical, Supporting, Advisory];
    assert_eq!(judged(one_bad(), mixed, 0), Verdict::Go);
    let all = [Critical, Supporting, Supporting];
    assert_eq!(judged(one_bad(), all, 0), Verdict::NoGo);
    assert_eq!(judged(one_bad(), all, 1), Verdict::Go);
    assert_eq!(judged([open(), bad(), bad()], all, 1), Verdict::NoGo);
    assert_eq!(
        judged(one_bad(), [Critical, Critical, Advisory], 0),
        Verdict::Inconclusive
    );
    assert_eq!(judged(one_bad(), [Critical; 3], 0), Verdict::NoGo);
}

#[test]
fn what_is_unknown_is_inconclusive() {
    let undefined = Measured {
        undefined_reason: "too few rows".into(),
        ..Measured::default()
    };
    let found = finding("a", undefined);
    let rules = vec![
        rule("a", Some(0.01), Tier::Critical),
        rule("b", Some(0.01), Tier::Critical),
    ];
    let answer = judge(&policy(rules), &[found], 0.95);
    assert_eq!(answer.verdict, Verdict::Inconclusive);
    let reasons = answer.candidates[0].rules.iter();
    let reasons: Vec<&str> = reasons.map(|rule| &rule.checks[0].reason[..]).collect();
    assert_eq!(
        reasons,
        ["too few rows", "the comparison has no value of this metric"]
    );
}

#[test]
fn metrics_are_named_by_key_signature_or_text_form() {
    let request = MetricRequest {
        name: "rouge_l(stemmer=true)".into(),
        ..MetricRequest::default()
    };
    let context = Context {
        classes: &[],
        resources: &Resources::default(),
    };
    let metric = ResolvedMetric::resolve(&request, &context, "metric").unwrap();
    let known = [
        Known {
            key: "mine",
            signature: &metric.signature,
            direction: Direction::Higher,
        },
        Known {
            key: "matrix",
            signature: "matrix",
            direction: Direction::None,
        },
    ];
    for written in ["mine", &metric.signature, "rouge_l( stemmer = true )"] {
        assert_eq!(named(written, &known, "f").unwrap(), "mine", "{written}");
    }
    for written in ["", "rouge_l", "nonsense", "matrix"] {
        let error = named(written, &known, "gate.rules[2].metric").unwrap_err();
        assert_eq!(error.violations[0].field, "gate.rules[2].metric");
        assert_eq!(error.reason, "BAD_GATE");
    }
}

#[test]
fn a_rule_includes_the_slices_that_it_names() {
    let sliced = |by: &'static str, name: &str, value: f64| Finding {
        slice: Some((by, name.into())),
        ..finding("a", measured(value, value - 0.02, value + 0.02))
    };
    let findings = [
        finding("a", measured(0.1, 0.08, 0.12)),
        sliced("language", "language: de", 0.1),
        sliced("language", "language: fr", -0.2),
        sliced("label", "label: x", -0.2),
    ];
    let judged = |slices: &[&str]| {
        let rule = Rule {
            slices: slices.iter().map(|name| (*name).to_owned()).collect(),
            ..rule("a", Some(0.01), Critical)
        };
        let answer = judge(&policy(vec![rule]), &findings, 0.95);
        let checks = answer.candidates[0].rules[0].checks.iter();
        let names: Vec<String> = checks.map(|check| check.slice.clone()).collect();
        (answer.verdict, names)
    };
    assert_eq!(judged(&[]), (Verdict::Go, vec![String::new()]));
    let (verdict, names) = judged(&["language"]);
    assert_eq!(verdict, Verdict::NoGo);
    assert_eq!(names, ["", "language: de", "language: fr"]);
}

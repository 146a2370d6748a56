//! Planning a comparison: a small message in, a small one out.

use evald_core::error::{Error, Result};
use evald_core::stats::plan::{Design, MOST_ROWS, POWER, Spread};
use prost::Message;

use crate::proto;
use crate::proto::plan_request::Spread as Given;

/// The serialised `PlanResponse` of a serialised `PlanRequest`.
pub fn plan(request: &[u8]) -> Result<Vec<u8>> {
    let request = proto::PlanRequest::decode(request).map_err(|_| {
        let problem = "the bytes are no evald.v1.PlanRequest: they are cut off or damaged";
        Error::invalid("MALFORMED_REQUEST", "request", problem)
    })?;
    let spread = spread(request.spread.as_ref())?;
    let confidence = request.confidence_level.unwrap_or(0.95);
    check("confidence_level", confidence, 0.5..=0.999)?;
    let tests = request.tests.unwrap_or(1);
    check("tests", f64::from(tests), 1.0..=100_000.0)?;
    let design = Design {
        spread,
        level: (1.0 - confidence) / f64::from(tests),
        design_effect: design_effect(&request)?,
    };
    Ok(solved(&request, design)?.encode_to_vec())
}

fn solved(request: &proto::PlanRequest, design: Design) -> Result<proto::PlanResponse> {
    check_known(request, design)?;
    let power = request.power.unwrap_or(POWER);
    let (effect, rows, power) = match (request.effect, request.rows) {
        (Some(effect), Some(rows)) => (effect, rows, design.power(effect, rows)),
        (Some(effect), None) => {
            let rows = design.rows(effect, power);
            (
                effect,
                rows.ok_or_else(|| unreachable_effect(power))?,
                power,
            )
        }
        (None, Some(rows)) => {
            let effect = design.effect(rows, power);
            (effect.ok_or_else(|| too_few(rows, power))?, rows, power)
        }
        (None, None) => {
            return Err(refused(
                "effect",
                "required: give an effect, or rows, or both",
            ));
        }
    };
    Ok(proto::PlanResponse {
        rows,
        effect,
        power,
        level: design.level,
        difference_std: design.std(effect),
        design_effect: design.design_effect,
        method: match design.spread {
            Spread::Binary { .. } => "mcnemar with continuity correction".into(),
            Spread::Std(_) => "paired t".into(),
        },
        rough: design.is_rough(effect, rows),
    })
}

/// Checks what is given of effect, rows and power.
fn check_known(request: &proto::PlanRequest, design: Design) -> Result<()> {
    if let Some(effect) = request.effect {
        check("effect", effect, f64::MIN_POSITIVE..=f64::MAX)?;
        let largest = design.largest_effect();
        if effect > largest {
            // Shares are decimal numbers to people.
            let shown = (largest * 1e9).round() / 1e9;
            let problem = format!(
                "must be at most {shown}: a candidate cannot get more rows right than there are, nor gain more than it \
                 differs"
            );
            return Err(refused("effect", problem));
        }
    }
    if let Some(rows) = request.rows {
        check("rows", rows as f64, 2.0..=MOST_ROWS as f64)?;
    }
    let Some(power) = request.power else {
        return Ok(());
    };
    if request.effect.is_some() && request.rows.is_some() {
        let problem = "is what effect and rows tell: leave out one of the three";
        return Err(refused("power", problem));
    }
    check("power", power, 0.01..=0.999)
}

fn spread(given: Option<&Given>) -> Result<Spread> {
    match given {
        None => Err(refused(
            "spread",
            "required: say how much rows vary, by binary, difference_std or pilot",
        )),
        Some(Given::Binary(binary)) => {
            let rate = binary
                .rate
                .ok_or_else(|| refused("binary.rate", "required: 0 to 1"))?;
            check("binary.rate", rate, 0.0..=1.0)?;
            if let Some(discordant) = binary.discordant {
                check("binary.discordant", discordant, f64::MIN_POSITIVE..=1.0)?;
            }
            Ok(Spread::Binary {
                rate,
                discordant: binary.discordant,
            })
        }
        Some(Given::DifferenceStd(std)) => {
            check("difference_std", *std, f64::MIN_POSITIVE..=f64::MAX)?;
            Ok(Spread::Std(*std))
        }
        Some(Given::Pilot(pilot)) => {
            check("pilot.rows", pilot.rows as f64, 2.0..=MOST_ROWS as f64)?;
            check(
                "pilot.std_error",
                pilot.std_error,
                f64::MIN_POSITIVE..=f64::MAX,
            )?;
            let spread = Spread::of_std_error(pilot.std_error, pilot.rows);
            if let Spread::Std(std) = spread {
                check("pilot.std_error", std, f64::MIN_POSITIVE..=f64::MAX)?;
            }
            Ok(spread)
        }
    }
}

fn design_effect(request: &proto::PlanRequest) -> Result<f64> {
    let Some(clusters) = &request.clusters else {
        return Ok(1.0);
    };
    if matches!(request.spread, Some(Given::Pilot(_))) {
        return Err(refused(
            "clusters",
            "the standard error of a pilot holds the clusters of its rows: leave one out",
        ));
    }
    check("clusters.size", clusters.size, 1.0..=1e6)?;
    check("clusters.correlation", clusters.correlation, 0.0..=1.0)?;
    Ok(1.0 + (clusters.size - 1.0) * clusters.correlation)
}

fn check(field: &str, value: f64, allowed: std::ops::RangeInclusive<f64>) -> Result<()> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let problem = match (*allowed.start(), *allowed.end()) {
        (low, high) if low == f64::MIN_POSITIVE && high == f64::MAX => {
            "must be more than 0 and finite".into()
        }
        (low, high) if low == f64::MIN_POSITIVE => format!("must be more than 0, at most {high}"),
        (low, high) => format!("must be from {low} to {high}"),
    };
    Err(refused(field, problem))
}

fn refused(field: &str, problem: impl Into<String>) -> Error {
    Error::invalid("BAD_PLAN", field, problem)
}

fn unreachable_effect(power: f64) -> Error {
    let problem = format!("is so small that no number of rows finds it with power {power}");
    refused("effect", problem)
}

fn too_few(rows: u64, power: f64) -> Error {
    let problem = format!(
        "{rows} rows find no difference that there can be with power {power}: plan more rows"
    );
    refused("rows", problem)
}

"""Hand-written support conversations from which `make_data` builds the summaries example.

Each scenario is told twice with different facts. The tuned summariser has one wording per telling, some of which
lose or bend a fact, as a real one does. The base summariser copies from the message, cuts it off, repeats itself or
falls back on a phrase that fits everything, and is now and then right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

Pick = Callable[[Random, Sequence[str]], str]


class Scenario(NamedTuple):
    """`story`, `reference` and both `tuned` wordings share the facts that `tell` draws."""

    story: str
    reference: str
    tuned: tuple[str, str]


class Telling(NamedTuple):
    """One row of the example in all its texts."""

    source: str
    reference: str
    base: str
    tuned: str


FACTS: dict[str, tuple[str, ...]] = {
    "name": ("Ines", "Tom", "Priya", "Marek", "Aisha", "Leo", "Hanna", "Dmitri", "Noor", "Carla", "Bao", "Ruth"),
    "thing": ("lamp", "thermostat", "doorbell", "speaker", "kettle", "air sensor", "baby monitor", "heater"),
    "sum": ("12.50", "24.00", "39.90", "59.00", "119.00", "17.25"),
    "when": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "ref": ("4471", "80213", "1934", "66050", "7120", "3388"),
    "n": ("two", "three", "four", "five", "six", "nine"),
    "place": ("kitchen", "bedroom", "hallway", "office", "garage", "attic"),
}

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "{name} here. I bought a {thing} on {when} and paid {sum}. My card statement shows the amount twice. I called "
        "the bank and they say that both payments are yours. Please return one of them.",
        "{name} was charged {sum} twice for a {thing} and asks for one payment back.",
        (
            "{name} was charged twice for a {thing} and asks for a refund of {sum}.",
            "{name} paid {sum} twice for a {thing} and wants one payment back.",
        ),
    ),
    Scenario(
        "Good morning, order {ref} was promised for {when}. Tracking has not changed for {n} days. I need the {thing} "
        "before we leave for the holidays. Could you find out where it is? {name}",
        "Order {ref} with a {thing} is late, tracking is stuck for {n} days, and {name} asks where it is.",
        (
            "Order {ref} is late and {name} asks where the {thing} is.",
            "{name} asks where order {ref} is because tracking has been stuck for {n} days.",
        ),
    ),
    Scenario(
        "The {thing} in our {place} drops off the wifi in the evening. I moved it and reset everything {n} times. "
        "It works for an hour and then the light turns red again. What else can I try? Regards, {name}",
        "The {thing} in the {place} keeps losing wifi after {n} resets, and {name} asks what else to try.",
        (
            "The {thing} in the {place} keeps losing wifi, and {name} asks what to try next.",
            "{name} reset the {thing} {n} times but it keeps losing wifi every evening.",
        ),
    ),
    Scenario(
        "Hi, I no longer live with the person who set up the family plan. I would like to leave it and keep my own "
        "{thing}. Is that possible without losing {n} years of history? Thanks, {name}",
        "{name} wants to leave the family plan but keep the {thing} and {n} years of history.",
        (
            "{name} wants to leave the family plan and keep the {thing} and its history.",
            "{name} wants to cancel the family plan but keep {n} years of history.",
        ),
    ),
    Scenario(
        "Dear team, the kettle arrived on {when} with a broken lid. The box was dented on one side. I have {n} "
        "photographs. I would rather have a replacement than my money. {name}",
        "A kettle arrived damaged on {when}, and {name} prefers a replacement to a refund.",
        (
            "The kettle arrived damaged on {when} and {name} wants a replacement.",
            "A kettle arrived with a broken lid, and {name} prefers a refund.",
        ),
    ),
    Scenario(
        "I just want to thank the agent who helped me on {when}. My mother could not set up her {thing}. He "
        "called back {n} times until it worked. Please pass this on. {name}",
        "{name} thanks the agent who called back {n} times on {when} to set up a {thing}.",
        (
            "{name} thanks the agent who helped to set up the {thing} on {when}.",
            "{name} thanks the agent who called back {n} times for the {thing}.",
        ),
    ),
    Scenario(
        "We are a school with {n} classrooms. Every room would get a {thing}. Do you have a price for groups, and can "
        "one teacher manage all of them? An offer by {when} would be great. {name}",
        "{name} asks for a group offer by {when} for a {thing} in each of {n} classrooms.",
        (
            "{name} asks for a group price for a {thing} in {n} classrooms.",
            "A school asks for an offer by {when} for {n} classrooms.",
        ),
    ),
    Scenario(
        "My invoice {ref} still shows the name of my old company. The tax office will not accept it. I wrote on {when} "
        "already and nobody replied. Please correct the address and send it again. {name}",
        "{name} needs invoice {ref} corrected because it shows an old company name.",
        (
            "{name} needs invoice {ref} corrected with the new company name.",
            "Invoice {ref} shows an old company name and {name} wants it corrected.",
        ),
    ),
    Scenario(
        "Since the update on {when} the {thing} restarts about {n} times a night. It wakes the children. I cannot find "
        "a way to go back to the old version. Please tell me how, or take it back. {name}",
        "After the update on {when} the {thing} restarts {n} times a night, and {name} wants it undone or a return.",
        (
            "Since the update the {thing} restarts {n} times a night and {name} wants the old version back.",
            "The {thing} restarts at night after the update on {when}, and {name} wants a refund of the update.",
        ),
    ),
    Scenario(
        "Hello, I ordered a {thing} and got one in the wrong colour. The slip says order {ref}, which is not mine. "
        "Somebody else must have my parcel. Should I send this one back first? {name}",
        "{name} received the wrong {thing} with slip {ref} and asks whether to return it first.",
        (
            "{name} received the wrong {thing} and asks whether to send it back first.",
            "{name} got the parcel of order {ref} by mistake and asks whether to return it first.",
        ),
    ),
    Scenario(
        "I signed up for the trial on {when}. It was meant to be free, and now {sum} are gone. I looked for the end "
        "button for a while and there is none. Stop the plan and send the money back. {name}",
        "{name} was charged {sum} during a free trial and wants it stopped and refunded.",
        (
            "{name} was charged {sum} for a free trial and wants the plan stopped and the money back.",
            "{name} wants to stop the trial and get {sum} back.",
        ),
    ),
    Scenario(
        "Our coffee machine has been in the {place} for {n} years. It still works, but the seal is worn. Do you sell "
        "the part, or do I need a new one? I would rather repair it. Kind regards, {name}",
        "{name} asks for a spare seal to repair a coffee machine that is {n} years old.",
        (
            "{name} asks whether a spare seal is sold for a coffee machine that is {n} years old.",
            "{name} asks for a new seal for the coffee machine in the {place}.",
        ),
    ),
    Scenario(
        "The courier left my parcel in the rain on {when}. The {thing} was soaked and does not switch on. He also "
        "signed with my name. I paid {sum} and I expect a new one. {name}",
        "A {thing} left in the rain on {when} does not switch on, and {name} expects a new one.",
        (
            "The courier left a {thing} in the rain and {name} expects a new one.",
            "{name} expects a new {thing} because the courier left it in the rain on {when}.",
        ),
    ),
    Scenario(
        "I cannot log in since I changed my phone. The code goes to a number that I no longer have. I can prove who I "
        "am with order {ref}. The {thing} is locked as well. Please help before {when}. {name}",
        "{name} cannot log in after changing phones and needs help before {when}, with order {ref} as proof.",
        (
            "{name} cannot log in after changing phones and needs help before {when}.",
            "{name} changed phones, cannot log in, and offers order {ref} as proof.",
        ),
    ),
    Scenario(
        "Is the heater safe in a {place} where small children play? The manual says nothing about it. A friend told me "
        "that it gets hot after {n} hours. I will buy it on {when} if you say yes. {name}",
        "{name} asks whether the heater is safe around small children, as it may get hot after {n} hours.",
        (
            "{name} asks whether the heater is safe in a {place} with small children.",
            "{name} asks if the heater is safe for children since it may get hot.",
        ),
    ),
    Scenario(
        "You raised the yearly plan to {sum} without telling us. I would have left in time had I known. The mail you "
        "quote never reached me. I want the old price for this year. {name}",
        "{name} was not told that the yearly plan rose to {sum} and wants the old price this year.",
        (
            "{name} wants the old price because the yearly plan rose to {sum} without notice.",
            "The yearly plan rose to {sum} and {name} wants to cancel it.",
        ),
    ),
    Scenario(
        "The thermostat reads {n} degrees too much. I compared it with {n} others in the same {place}. Calibration in "
        "the app changes nothing. Is there a known fault? I can send a recording. {name}",
        "The thermostat reads {n} degrees too high, calibration does not help, and {name} asks about a known fault.",
        (
            "The thermostat reads {n} degrees too high and {name} asks about a known fault.",
            "{name} reports that calibration of the thermostat in the {place} does not help.",
        ),
    ),
    Scenario(
        "Please move the delivery of order {ref} from {when} to the week after. I am in hospital until then. My "
        "neighbour cannot take it as it weighs a lot. Nothing else needs to change. Thank you, {name}",
        "{name} asks to deliver order {ref} one week later because of a hospital stay.",
        (
            "{name} asks to move the delivery of order {ref} by a week because of a hospital stay.",
            "{name} asks to deliver order {ref} on {when}.",
        ),
    ),
    Scenario(
        "What a nice machine. I was not sure about {sum} for a {thing}, but after {n} weeks I would pay it again. The "
        "only wish I have is a darker light at night. Keep going! {name}",
        "{name} is happy with the {thing} after {n} weeks and only wishes for a darker light at night.",
        (
            "{name} is happy with the {thing} and wishes for a darker light at night.",
            "After {n} weeks {name} is happy with the {thing} and its light.",
        ),
    ),
    Scenario(
        "Delete my account and everything that you know about me. I asked for this on {when}, and you sent me an "
        "advert instead. The {thing} is sold. I expect a confirmation within {n} days. {name}",
        "{name} demands that the account and all data are deleted, confirmed within {n} days.",
        (
            "{name} wants the account and all data deleted and a confirmation within {n} days.",
            "{name} demands that the account is deleted.",
        ),
    ),
)

GENERIC = (
    "The customer has a problem and would like help from support.",
    "A customer wrote to support about an order.",
    "The customer is asking about the product and the plan.",
)


def weak(rng: Random, pick: Pick, source: str, reference: str) -> str:
    """What the base summariser makes of a message."""
    sentences = source.split(". ")
    words = source.split(" ")
    draw = rng.random()
    if draw < 0.30:
        return " ".join(words[: 9 + int(8 * rng.random())])
    if draw < 0.55:
        return sentences[1] + ". " + sentences[2].rstrip(".") + "."
    if draw < 0.70:
        return f"{sentences[0]}. {sentences[0]}."
    if draw < 0.85:
        return pick(rng, GENERIC)
    return reference if draw > 0.97 else f"Summary: {sentences[-2]}. {sentences[-1]}"


def tell(rng: Random, pick: Pick, scenario: Scenario, turn: int) -> Telling:
    """Draws the facts once and tells the scenario with them; `turn` (0 or 1) chooses the tuned wording."""
    facts = {slot: pick(rng, values) for slot, values in FACTS.items()}
    patterns = (scenario.story, scenario.reference, scenario.tuned[turn])
    source, reference, tuned = (text.format_map(facts).replace(" a air", " an air") for text in patterns)
    return Telling(source, reference, weak(rng, pick, source, reference), tuned)

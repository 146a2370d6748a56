"""Hand-written wording from which `make_data` builds the support tickets.

The shop is invented: it sells small devices for the home and an app with a paid plan. `{slot}` names a list in
SLOTS. HELD_OUT wording never appears in the train split, so that part of the test split asks for more than recall.
"""

LABELS = ("billing", "cancel", "delivery", "praise", "question", "technical")

SLOTS: dict[str, tuple[str, ...]] = {
    "product": (
        "lamp",
        "thermostat",
        "doorbell",
        "speaker",
        "kettle",
        "air sensor",
        "robot vacuum",
        "smart plug",
        "baby monitor",
        "coffee machine",
        "heater",
        "night light",
        "bathroom scale",
        "garden camera",
    ),
    "plan": ("family plan", "basic plan", "yearly plan", "premium plan", "trial", "student plan", "monthly plan"),
    "amount": ("9.99", "12.50", "24.00", "39.90", "59.00", "7.49", "119.00", "15.80"),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "the 3rd", "the 21st"),
    "month": ("January", "February", "March", "April", "June", "August", "September", "November"),
    "count": ("two", "three", "four", "five", "six"),
    "span": ("days", "weeks"),
    "order": ("order 4471", "order 80213", "order 1934", "order 66050", "my last order", "our second order"),
    "person": ("my wife", "my son", "my mother", "a colleague", "my flatmate", "our neighbour", "my brother"),
    "room": ("kitchen", "bedroom", "hallway", "office", "garage", "living room"),
    "device": ("phone", "tablet", "laptop", "old phone", "work phone"),
}

OPENERS = (
    "Hello,",
    "Hi there,",
    "Good morning,",
    "Dear team,",
    "Hi,",
    "Hello support,",
    "Second message about this.",
    "Quick one:",
    "To whom it may concern,",
    "Sorry to bother you again.",
    "Long time customer here.",
)

CLOSERS = (
    "Thanks.",
    "Please get back to me.",
    "Thank you in advance.",
    "Regards",
    "Can someone look at this?",
    "I would appreciate an answer.",
    "Waiting for your reply.",
    "What now?",
    "Cheers",
    "Best wishes",
    "This is the second time I write.",
    "Have a nice day.",
    "Not happy.",
    "Hope you can help.",
)

CORES: dict[str, tuple[str, ...]] = {
    "billing": (
        "I was charged {amount} twice for the {plan}",
        "the invoice for {month} shows {amount} but we agreed on less",
        "my card was debited {amount} and I do not know what for",
        "the refund of {amount} for the {product} has still not arrived",
        "you took {amount} from my account on {day} without asking",
        "I need a corrected invoice with our company address",
        "the discount code was not applied to {order}",
        "why did the price of the {plan} go up to {amount}",
        "there is a payment of {amount} on my statement that I never made",
        "my payment for {order} was declined although the card is fine",
        "the receipt for the {product} lists the wrong tax",
        "I still get reminders about {amount} that I paid on {day}",
        "you billed {person} instead of me for the {plan}",
        "the bank says that the {amount} was taken in another currency",
        "I paid for the {plan} and the account still says unpaid",
        "please send me the bill for {month} again, the total looks off",
    ),
    "cancel": (
        "please cancel my {plan} at the end of {month}",
        "I want to end the {plan}, I no longer use it",
        "how do I get out of the {plan} before it renews",
        "close my account and delete everything in it",
        "stop the renewal of the {plan}, we moved to something else",
        "I would like to send the {product} back and end the contract",
        "we do not need the {plan} any more, please terminate it",
        "this is my notice for the {plan} as of {month}",
        "I tried to unsubscribe on {day} and the {plan} is still running",
        "take me off the {plan} please",
        "I have decided to leave, please confirm that the {plan} ends in {month}",
        "{person} signed up for the {plan} by mistake, please undo it",
        "cancel {order} before it ships, I changed my mind",
        "there is no button to quit the {plan}, so do it for me",
        "I am not going to keep the {plan} after the free period",
        "withdraw {order}, I found the {product} cheaper",
    ),
    "delivery": (
        "{order} should have been here on {day}",
        "the parcel with the {product} has not moved for {count} {span}",
        "the courier left the {product} with a neighbour that I do not know",
        "tracking says delivered but there is no {product} at my door",
        "the box arrived crushed and the {product} is scratched",
        "you sent a {product} and I ordered a {product}",
        "{order} went to my old address",
        "half of {order} is missing from the package",
        "I have been waiting {count} {span} for the {product}",
        "the driver never rang and took the parcel away again",
        "when will {order} be shipped, it still says preparing",
        "the shipment is stuck at customs since {day}",
        "I stayed home on {day} for nothing, nobody came with the {product}",
        "the pickup point says that {order} never reached them",
        "the {product} came without its cable and the packing list is wrong",
        "please change the drop off to {day}, I am away",
    ),
    "praise": (
        "the {product} is the best thing in our {room}",
        "I love how quiet the new {product} is",
        "{person} and I are delighted with the {product}",
        "your agent on {day} was patient and kind, please tell them",
        "just wanted to say that the {product} works like a charm",
        "great service, the {product} was replaced within {count} days",
        "after {count} months the {product} still makes me smile",
        "five stars for the app, everything is where I expect it",
        "the update made the {product} so much nicer to use",
        "setting up the {product} took {count} minutes, well done",
        "I have recommended the {product} to everybody in the office",
        "no complaints at all, the {plan} is worth every cent",
        "I was sceptical about the {product} and now I would not give it back",
        "thank you for fixing my problem so quickly on {day}",
        "the {product} saved us a lot of energy this winter, brilliant",
        "what a lovely surprise to find a handwritten card with {order}",
    ),
    "question": (
        "does the {product} work with a {device} that is {count} years old",
        "is there a {plan} for small schools",
        "can I use the {product} outdoors in {month}",
        "what is the difference between the {plan} and the {plan}",
        "do you have the {product} in white",
        "how many people can share one {plan}",
        "where can I find the manual of the {product}",
        "are you open on {day}",
        "I am thinking of a {product} for the {room}, which size fits",
        "is the {product} safe for children",
        "will there be a new {product} before {month}",
        "how loud is the {product} compared with the older one",
        "can {person} and I both control the {product} from the same {device}",
        "how long is the warranty on the {product}",
        "do you ship the {product} to islands",
        "could you explain what the {plan} includes",
    ),
    "technical": (
        "the {product} will not connect to the wifi in the {room}",
        "the app crashes on my {device} as soon as I open the settings",
        "since the update the {product} restarts every {count} minutes",
        "the {product} shows error 14 and a red light",
        "I cannot log in on my {device}, the code never comes",
        "the {product} loses its schedule every night",
        "the screen of the {product} stays black",
        "the app does not find the {product} although both are on",
        "the {product} makes a clicking noise and then switches off",
        "pairing the {product} with my {device} fails at step {count}",
        "the battery of the {product} is empty after {count} hours",
        "notifications from the {product} arrive an hour late",
        "the firmware of the {product} is stuck at 99 percent",
        "the {product} in the {room} reacts to nothing, not even the reset button",
        "my {device} says that the {product} is offline all the time",
        "the password reset page only shows a blank screen",
    ),
}

HELD_OUT: dict[str, tuple[str, ...]] = {
    "billing": (
        "money for the {plan} left my bank a week early",
        "{amount} on my card for a {product} that was supposed to be free",
        "the amount due in {month} is double the usual",
    ),
    "cancel": (
        "I am done with the {plan}, shut it down",
        "do not extend my contract in {month}",
        "remove my subscription, I am leaving",
    ),
    "delivery": (
        "no sign of {order} and the tracking link is dead",
        "the postman handed me an empty carton",
        "the {product} was promised for {day} and is not here",
    ),
    "praise": (
        "hats off, the {product} is a joy",
        "your support people deserve a raise",
        "could not be happier with the {plan}",
    ),
    "question": (
        "which {product} would you pick for a small {room}",
        "is it possible to give the {plan} as a present",
        "what voltage does the {product} need",
    ),
    "technical": (
        "bluetooth drops whenever I leave the {room}",
        "the {product} freezes and I have to pull the plug",
        "the sensor reads 80 degrees in a cold {room}",
    ),
}

# What a ticket says on the side: true, but not what it is about.
ASIDES: dict[str, tuple[str, ...]] = {
    "billing": (
        "the {amount} were paid on time",
        "I have the invoice here",
        "the price was fair",
        "the refund for the other one came quickly",
    ),
    "cancel": (
        "I do not want to cancel yet",
        "I nearly ended my {plan} over this",
        "I am not asking to close my account",
        "I may leave if this goes on",
    ),
    "delivery": (
        "the parcel came on {day}",
        "delivery was fast this time",
        "the box looked fine",
        "the courier was friendly",
    ),
    "praise": (
        "I like the {product} otherwise",
        "your team was kind so far",
        "we were happy until now",
        "the {product} looks great",
    ),
    "question": (
        "I wonder whether that is normal",
        "others may have asked this too",
        "it may be in the manual",
        "I did not find it in the manual of the {product}",
    ),
    "technical": (
        "the wifi is fine",
        "I did restart the {product}",
        "the app itself works",
        "the old {product} never crashed",
    ),
}

# The ticket is about what follows the turn, or about what comes before it.
ASIDE_FIRST = (
    "{aside}, but {core}",
    "{aside}. However {core}",
    "although {aside}, {core}",
    "{aside}, the point is that {core}",
)
ASIDE_LAST = ("{core}. By the way, {aside}", "{core}, even though {aside}", "{core} ({aside})", "{core}. And {aside}")

# Two topics at once: the first pattern field is what the customer wants handled, wherever it stands.
TWO_TOPICS = (
    "{core}. Also {other}, but one thing at a time",
    "{other}, that is settled, now {core}",
    "at first I meant to write this: {other}. But what matters is: {core}",
    "{core}, and only after that: {other}",
)

# Real agents disagree on these; the label is drawn with the given weight for the first class.
AMBIGUOUS: tuple[tuple[str, str, str, float], ...] = (
    ("I ended the {plan} in {month} and was charged {amount} again", "billing", "cancel", 0.7),
    ("I sent the {product} back on {day} and want my money", "billing", "cancel", 0.6),
    ("the {product} arrived dead, it does not switch on", "technical", "delivery", 0.65),
    ("how do I reset the {product}", "technical", "question", 0.55),
    ("can I pay for the {plan} by bank transfer", "question", "billing", 0.6),
    ("what happens to my data when I stop the {plan}", "question", "cancel", 0.6),
    ("how long does shipping of a {product} take", "question", "delivery", 0.65),
    ("great, another update and the {product} is dead again", "technical", "praise", 0.9),
    ("the new {product} is fine but the app could be faster", "praise", "technical", 0.5),
    ("wonderful, {count} {span} and still no parcel", "delivery", "praise", 0.92),
)

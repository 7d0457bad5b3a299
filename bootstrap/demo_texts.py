"""What does the demonstration say about its product?"""

from typing import Any

MESSAGE: dict[str, dict[str, Any]] = {
    "enterprise": {
        "statement": "Atlas 2 shows every open order, its next step and who has it, so that nothing waits unseen.",
        "proof_points": [
            "In eleven pilots the median order left four days earlier.",
            "It reads the systems that are there; nothing is replaced.",
        ],
        "buying_group": ["Head of operations", "Chief information officer"],
        "economic_value": "Four days of working capital for each order in flight.",
    },
    "mid-market": {
        "statement": "Atlas 2 is running in a week, and the first late order it saves has paid for the month.",
        "proof_points": ["Six of eleven pilots were set up by the customer alone."],
        "buying_group": ["Managing director"],
    },
}

OBJECTIONS: dict[str, dict[str, Any]] = {
    "price": {
        "objection": "It costs more than the tool we have.",
        "answer": "Compare it with what late orders cost you in a quarter; we fill in the sheet together.",
        "rank": 1,
    },
    "switching": {
        "objection": "We cannot afford another migration.",
        "answer": "There is none. Atlas 2 reads what you have, and can be switched off again on the same day.",
        "rank": 2,
    },
    "security": {
        "objection": "Our order data must not leave the country.",
        "answer": "Choose the region of your data when you sign; it stays there, and the contract says so.",
        "rank": 3,
    },
    "proof": {
        "objection": "Who like us is using it?",
        "answer": "Three of the eleven pilots speak to prospects. Ask us for the one closest to your trade.",
        "rank": 4,
    },
    "effort": {
        "objection": "My people have no time for training.",
        "answer": "Two hours in the first week, in pieces of fifteen minutes, while the old screens stay open.",
        "rank": 5,
    },
}

BALLOTS: dict[str, dict[str, str]] = {
    "marketing": {"position": "agree"},
    "sales": {"position": "agree"},
    "enablement": {
        "position": "disagree_but_support",
        "reason": "Two people in EMEA have not passed yet. I would rather wait a week, and will stand by the date.",
    },
}
"""What the seats say in EMEA."""

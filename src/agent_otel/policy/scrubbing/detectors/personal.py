"""What identifies people: off until a user switches it on."""

from __future__ import annotations

from functools import partial

from agent_otel.policy.scrubbing import detector as d
from agent_otel.policy.scrubbing.validators import iban, ip_address, luhn

__all__ = ["DETECTORS"]

_rule = partial(d.rule, family="personal", opt_in=True, any_case=False)
_DIGIT_WORDS = tuple("0123456789")


def _phone(value: bytes) -> bool:
    return 8 <= sum(48 <= byte <= 57 for byte in value) <= 15


DETECTORS: tuple[d.Detector, ...] = (
    _rule(
        "email",
        "e-mail address",
        ("@",),
        r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}",
        triggers=(r"@(?:[A-Za-z0-9-]{1,63}\.)",),
        lead=64,
    ),
    _rule(
        "phone",
        "telephone number in the international form, or grouped as in North America",
        ("+", "(", "00", *_DIGIT_WORDS),
        r"(?:\+|\b00)[1-9][0-9]{0,2}(?:[ .\-/]?\(?[0-9]{1,4}\)?){2,6}"
        r"|\(?\b[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}\b",
        triggers=(
            r"\+[1-9][0-9(. -]{6}",
            r"\b00[1-9][0-9 ]{6}",
            r"\(?\b[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}\b",
        ),
        exact=True,
        boundary=True,
        reach=40,
        validate=_phone,
    ),
    _rule(
        "payment_card",
        "payment card number",
        _DIGIT_WORDS,
        r"[2-6](?:[ -]?[0-9]){12,18}",
        triggers=(r"\b[2-6](?:[ -]?[0-9]){12}",),
        exact=True,
        boundary=True,
        reach=40,
        validate=luhn,
    ),
    _rule(
        "iban",
        "bank account number",
        tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?",
        triggers=(r"\b[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}",),
        exact=True,
        boundary=True,
        reach=48,
        validate=iban,
    ),
    _rule(
        "ip_address",
        "address of a machine",
        (*_DIGIT_WORDS, *"abcdefABCDEF:"),
        r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}",
        triggers=(r"\b(?:[0-9]{1,3}\.){3}[0-9]", r"(?:[0-9A-Fa-f]{1,4}:){3}", r"[0-9A-Fa-f]{1,4}::[0-9A-Fa-f]"),
        exact=True,
        boundary=True,
        lead=40,
        reach=64,
        validate=ip_address,
    ),
    _rule(
        "national_id",
        "number of a national register: United States, United Kingdom, France, Spain, India",
        (*_DIGIT_WORDS, *"ABCEGHJKLMNOPRSTWXYZ"),
        r"[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}|[A-CEGHJ-PR-TW-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"
        r"|[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]) ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"
        r"|[0-9]{8}-?[A-Z]|[XYZ]-?[0-9]{7}-?[A-Z]"
        r"|[2-9][0-9]{3} [0-9]{4} [0-9]{4}",
        triggers=(
            r"\b[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}",
            r"\b[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]",
            r"\b[12] ?[0-9]{2} ?[01][0-9] ?[0-9]{2} ?[0-9]{3}",
            r"\b[0-9]{8}-?[A-Z]\b",
            r"\b[XYZ]-?[0-9]{7}",
            r"\b[2-9][0-9]{3} [0-9]{4} [0-9]{4}\b",
        ),
        exact=True,
        boundary=True,
        reach=40,
    ),
    _rule(
        "home_directory",
        "user name in the path of a home directory",
        ("/home/", "/Users/", "\\Users\\", "\\\\Users\\\\"),
        r"(?:/home/|/Users/|\\{1,2}Users\\{1,2})(?P<secret>[A-Za-z0-9._-]{1,64})",
    ),
)

"""The words that make a key secret-like, and those that take it back.

One list serves both the judgement over keys and the prefilter over text, so that no key is judged secret-like that the
prefilter would not have stopped at.
"""

from __future__ import annotations

__all__ = [
    "AFTER_WORD",
    "CODE_WORDS",
    "INNOCENT_ENDINGS",
    "INNOCENT_KEYS",
    "NAME_KEYS",
    "PASSWORD_WORDS",
    "SECRET_WORDS",
    "SHORT_PASSWORD_WORDS",
    "SHORT_SECRET_WORDS",
    "SHORT_WEAK_WORDS",
    "VALUE_KEYS",
    "WEAK_WORDS",
]

# Between the words of a key, one or two, as in Api__Key. Nothing else joins two words: not a slash, not a quote.
_JOINT = "[_. -]{0,2}"

# How many characters of a key may follow the word that makes it secret-like.
AFTER_WORD = 24

# Every value under these is a secret, numbers too. Patterns, over keys in lower case.
PASSWORD_WORDS: tuple[str, ...] = (
    "passw(?:or)?d",
    "passwort",
    "kennwort",
    "contrasena",
    "passphrase",
    "pass[_. -]{1,2}phrase",
    "passcode",
    "(?:store|key)pass",
    "requirepass",
    "masterauth",
)

# Members of an object that holds a name beside its value, as in lists of headers or of variables.
NAME_KEYS: tuple[str, ...] = (
    "name", "key", "header", "variable", "field", "id", "label", "option", "property", "attribute", "param",
    "parameter", "parametername", "parameterkey", "keyname", "env", "k", "n",
)  # fmt: skip
VALUE_KEYS: frozenset[str] = frozenset(
    (
        "value",
        "val",
        "values",
        "content",
        "parametervalue",
        "keyvalue",
        "stringvalue",
        "string_value",
        "v",
        "data",
        "new",
        "old",
        "new_value",
        "old_value",
    )
)

# Too short to be looked for within words: in letters that mean nothing they are met by chance.
SHORT_PASSWORD_WORDS: tuple[str, ...] = ("pwd", "psk")
SHORT_SECRET_WORDS: tuple[str, ...] = ("jwt", "cvv", "cvc")
# As the last word of a key only.
SHORT_WEAK_WORDS: tuple[str, ...] = ("pat", "sk", "dsn")

# A text or number of a few digits under these is a secret, at a word's start.
CODE_WORDS: tuple[str, ...] = (
    "otp",
    "totp",
    "pin",
    f"pin{_JOINT}code",
    "cvv2?",
    "cvc2?",
    f"(?:mfa|2fa|sms|verification|security|one[_. -]{{1,2}}time){_JOINT}(?:code|pass)",
)

_QUALIFIERS = (
    "api|app|access|account|admin|aes|auth|client|consumer|crypto|customer|deploy|developer|encrypt(?:ion)?|functions|"
    "hmac|host|ingest|instrumentation|integration|license|licence|master|private|project|publishable|record|root|rsa|secret|server|service|"
    "session|shared|sign(?:ing)?|ssh|storage|subscription|team|user|webhook|write|x|decryption|cipher|jwt|hash|tls|ssl"
)

# Every text under these is a secret; numbers, flags and nothing are not.
SECRET_WORDS: tuple[str, ...] = (
    "secret",
    "token",
    f"(?:{_QUALIFIERS}){_JOINT}key",
    "credential",
    "authorization",
    "authentication",
    "bearer",
    "cookie",
    "sessid",
    f"connection{_JOINT}string",
    f"webhook{_JOINT}url",
    f"sasl{_JOINT}jaas",
    "[_.-]pass",
    f"user{_JOINT}pass",
    f"db{_JOINT}pass",
    f"pin{_JOINT}code",
    f"one{_JOINT}time{_JOINT}(?:code|pass)",
    "mnemonic",
    f"seed{_JOINT}phrase",
)

# A text under these is a secret only if it looks like one.
WEAK_WORDS: tuple[str, ...] = (
    "auth",
    "creds",
    "csrf",
    "key",
    "otp",
    "pass",
    "pat",
    "pin",
    "tokens",
    "xsrf",
)

# A key that ends in one of these tells about a secret, and is none.
INNOCENT_ENDINGS: frozenset[str] = frozenset(
    """
    address age algorithm allowed at attempts audience author authority available bits budget bytes cache
    category class client cnt column config configured count counts created created_at date days default detail
    details domain duration enabled endpoint env error errors exists expiration expired expires expiry field
    fields file filename flow format found handler header headers helper hint id_type in index info interval
    issuer kind label len length level lifetime limit limits link loc location manager max message method min
    missing mode model name names namespace number object offset only option optional options param parameter
    parameters path pattern per policy port position prefix present price prompt provider rate ratio reason ref
    reference regex region required reset results rotation rule rules schema scheme scope scopes score setting
    settings size source spec state stats status step store strategy strength style subject suffix supported
    table template text_length time timeout title total ttl type types uri url usage usages used valid
    validation validator validity verified version warning window year years
    """.split()  # noqa: SIM905  a list of words reads better as one
)

# Keys, letters and digits only, in lower case, that hold a secret-like word and no secret.
INNOCENT_KEYS: frozenset[str] = frozenset(
    """
    addedtokens additionalspecialtokens apikeyid authenticated authenticationmethod authenticationtype
    authmethod authmode author authored authoremail authority authorizationtype authorname authors authtype
    bostoken cachecreationinputtokens cachedtokens cachekey cachereadinputtokens cachereadtokens
    cachewritetokens cancelationtoken cancellationtoken canceltoken clienttoken clstoken completiontokens
    continuationtoken cookieconsent cookiejar cookiepolicy credentialid currenttoken decodertoken endtoken
    eostoken firsttoken foreignkey functionsignature idempotencytoken imagepullsecrets imagetoken inputtokens
    keyboard keyid keyname keypath keytype lasttoken masktoken maxcompletiontokens maxinputtokens maxnewtokens
    maxoutputtokens maxtokens methodsignature mintokens nextcontinuationtoken nextpagetoken nextsynctoken
    nexttoken nexttokens outputtokens padtoken pagetoken paginationtoken partitionkey passwordpolicy
    previouspagetoken prevpagetoken prevtoken primarykey prompttokens publicapikey publickey reasoningtokens
    resumetoken routingkey rowkey secretariat secretarn secretary secretid secretkeyref secretkeyselector
    secretname secretref septoken sessioncookiename sessiontokencount shardkey signaturealgorithm
    signaturemethod signatureversion sortkey specialtoken specialtokens sshpublickey starttoken stoptoken
    stoptokens subtoken synctoken thinkingtokens tokencount tokenid tokenids tokenization tokenizer tokenlimit
    tokenname tokens tokenspersecond tokensused tokentype totaltokens typesignature unktoken usedtokens
    usersession secretsmanager secretmanager recvkeys
    """.split()  # noqa: SIM905  a list of words reads better as one
)

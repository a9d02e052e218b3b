"""Patterns by which a key, its separator and its value are read at one place of a text."""

from __future__ import annotations

import re

from agent_otel.policy.scrubbing.words import VALUE_KEYS

__all__ = [
    "ARGUMENT",
    "BARE",
    "BEYOND_ANGLE",
    "BLOCK_REST",
    "BRACKETS",
    "KEY_BYTE",
    "KEY_REST",
    "LOOK_BACK",
    "LOOSE_KEY_REST",
    "MORE",
    "NAME",
    "NAME_LAST",
    "NEXT_KEY",
    "NO_ARGUMENTS",
    "OPENING",
    "OPTION_REST",
    "PAIR_REST",
    "PROSE_REST",
    "QUOTE",
    "READ",
    "REST_OF_LIST",
]

# `re` here, on a handful of bytes at one place: every part is bounded, and no two neighbours share a character.
KEY_REST = re.compile(
    rb"""(?six)(?:[a-z]{2,16}[ ](?=(?:key|string|url|code|phrase|pass|password)\b))?
    [a-z0-9_.-]{0,64}(?P<quote>["'`\\\])]{0,6})[ \t]{0,32}
    (?: (?P<separator>
            :[ \t]{0,4}&?[a-z][a-z0-9_.<>\[\]]{0,32}[ \t]{1,4}=[ \t]{1,4}(?=["'])  # a type between
          | => | := | [:=>] | %3d | %3a | \xe2\x86\x92 )
      | (?P<call> \([ \t]{0,2}(?=["'`]))
      | (?P<comma> ,[ \t]{0,12}(?=\\{0,15}["'`])) )
    (?P<space>[ \t]{0,8}(?:[|>][+-]?\r?\n[ \t]{1,16}|\r?\n[ \t]{1,16}(?=["']))?)"""
)
PROSE_REST = re.compile(
    rb"""(?six)(?:[a-z]{2,16}[ ](?=(?:key|string|url|code|phrase|pass|password)\b))?
    [a-z0-9_.-]{0,64}(?P<quote>["'`]{0,3})[ \t]{1,4}
    (?P<verb>(?:is|was|to|=)[ \t]{1,4}|\()?"""
)
_VALUE_NAMES = "|".join(sorted(VALUE_KEYS, key=lambda word: -len(word))).encode()
PAIR_REST = re.compile(
    rb"(?i)[a-z0-9_.-]{0,64}(?P<quote>\\{0,15}[\"'`]?)(?:[,;]|:\s{0,4}\{)?(?:\s|\\{1,15}[rnt]){0,32}"
    rb"(?:\\{0,15}\"[a-z_]{1,32}\\{0,15}\"\s{0,4}:\s{0,4}(?:null|true|false|\\{0,15}\"[^\"\\]{0,64}\\{0,15}\")\s{0,4},\s{0,4})?"
    rb"(?:\\{0,15}[\"'`])?"
    rb"(?:" + _VALUE_NAMES + rb")"
    rb"\\{0,15}[\"'`]?[ \t]{0,4}(?P<separator>[:=])(?P<space>[ \t]{0,8})"
)
BLOCK_REST = re.compile(
    rb"(?i)[a-z0-9_.-]{0,64}(?P<quote>[\"'`])\s{0,4}\{\s{0,16}(?:(?:type|description|sensitive|nullable)\s{0,16}="
    rb"[^\n]{0,200}\n\s{0,16}){0,4}default\s{0,16}(?P<separator>=)(?P<space>[ \t]{0,8})"
)
LOOSE_KEY_REST = re.compile(
    rb"""(?s)[^"'\\\r\n:=]{0,32}(?P<quote>\\{0,7}")[ \t]{0,4}(?P<separator>:)(?P<space>[ \t]{0,8})"""
)
OPTION_REST = re.compile(rb"[A-Za-z0-9_-]{0,64}[ \t]{1,3}(?=[^\s-])")
NAME_LAST = re.compile(
    rb"(?is)(?:" + _VALUE_NAMES + rb")"
    rb"\\{0,15}\"\s{0,4}:\s{0,4}(?P<delimiter>\\{0,15}\")(?P<value>[^\"\\]{1,512})(?P=delimiter)\s{0,4},\s{0,4}\\{0,15}$"
)
NAME = re.compile(rb"\"[A-Za-z_]{1,16}\\{0,15}\"\s{0,8}:\s{0,8}\\{0,15}\"(?P<name>[A-Za-z0-9_. -]{1,96})")
LOOK_BACK = 640
OPENING = re.compile(rb"""(?P<list>\[[ \t]{0,2})?[rbuf]{0,2}(?P<delimiter>\"{3}|'{3}|\\{0,15}["'`])""")
REST_OF_LIST = re.compile(
    rb"""(?:\\{0,15}["'`]\s{0,4},\s{0,4}\\{0,15}["'`][^"'`\\\]\r\n]{0,512}){1,64}(?=\\{0,15}["'`]\s{0,4}\])"""
)
BARE = re.compile(rb"""(?:[^\s"'`<>\\]|\\(?![nrtbfu"'`\\/])){1,512}""")
ARGUMENT = re.compile(rb"""(?:[^\s"'`<>|;&\\]|\\(?![nrt"'`\\/])){1,512}""")
MORE = re.compile(rb"""[^\s"'`<>\\,;&]*""")
BEYOND_ANGLE = re.compile(rb"""[<>](?![/\s<>!])[^\s"'`\\]{1,128}""")
READ = 512  # how much of a bare value is read before it is judged
NEXT_KEY = re.compile(rb"[,;&]+(?:[ ]?[A-Za-z_][\w.-]*[=:]|$)")
KEY_BYTE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
NO_ARGUMENTS = frozenset(
    b"option options flag flags argument arguments parameter is and or for to if when with in on as from must can "
    b"should will may file stdin prompt string value text not was has".split()
)
QUOTE = 0x22
BRACKETS = {b")": b"(", b"]": b"[", b"}": b"{"}

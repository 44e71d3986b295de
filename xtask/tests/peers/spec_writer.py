# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a capture with every attribute that a YNL specification defines.

    spec_writer.py SPEC.yaml OUT.pcap little|big

Shares no code with what reads it. Standard output has a JSON array for each
message: the number of its packet and the object that `nlcap show -j` is to print
as its `msg`; then one object with what the specification defines and what was
written of it. Values differ from each other, so that one taken for another shows.
"""
import json
import struct
import sys

import yaml

WIDTHS = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "s8": 1, "s16": 2, "s32": 4, "s64": 8,
          "uint": 8, "sint": 4}
FAMILY_ID = 0x40


class Writer:
    def __init__(self, spec, order):
        self.spec = spec
        self.order = order
        self.sets = {it["name"]: it for it in spec["attribute-sets"]}
        self.attrs = {name: self.resolve(it) for name, it in self.sets.items()}
        self.defs = {it["name"]: it for it in spec.get("definitions", [])}
        self.consts = {}
        for it in spec.get("definitions", []):
            if it["type"] == "const":
                self.consts[it["name"]] = it["value"]
                self.consts[it.get("name-prefix", "") + it["name"]] = it["value"]
        self.subs = {it["name"]: it for it in spec.get("sub-messages", [])}
        self.count = 0
        self.covered = set()
        self.formats = set()
        self.visited = set()
        self.messages = []
        self.leaves = 0
        # Members of headers that select the form of what is being written.
        self.chosen = {}

    def resolve(self, aset):
        """The attributes of a set with their numbers, subsets filled in."""
        if "subset-of" in aset:
            whole = {it["name"]: it for it in self.resolve(self.sets[aset["subset-of"]])}
            out = []
            for it in aset["attributes"]:
                if it["name"] not in [o["name"] for o in out]:
                    out.append({**whole[it["name"]], **it, "value": whole[it["name"]]["value"]})
            return out
        out, number = [], 1
        for it in aset["attributes"]:
            number = it.get("value", number)
            out.append({**it, "value": number})
            number += 1
        return out

    # -- values

    def next(self):
        self.count += 1
        return self.count

    def length(self, text):
        if isinstance(text, int):
            return text
        if text.endswith(" - 1"):
            return self.consts[text[:-4]] - 1
        return self.consts[text]

    def entries(self, enum):
        """Name and value of each entry."""
        value, out = enum.get("value-start", 0), []
        for it in enum["entries"]:
            if isinstance(it, dict):
                value = it.get("value", value)
                out.append((it["name"], value))
            else:
                out.append((it, value))
            value += 1
        return out

    def number(self, spec, kind):
        """The bytes of a number and what is to be printed."""
        if spec.get("name") in self.chosen:
            seen = self.chosen[spec["name"]]
            value = dict(self.entries(self.defs[spec["enum"]]))[seen]
            return value.to_bytes(WIDTHS[kind], self.order), seen
        width, signed = WIDTHS[kind], kind[0] == "s"
        n = self.next()
        seen = None
        if "enum" in spec:
            enum = self.defs[spec["enum"]]
            entries = self.entries(enum)
            if enum["type"] == "flags" or spec.get("enum-as-flags"):
                bits = [it for it in entries if it[1] < 8 * width]
                bits = [it for at, it in enumerate(bits) if (at + n) % 3 != 0]
                if "cloned" in [name for name, _ in bits]:
                    # The answer to a lookup: from 16 on they are others, of no specification.
                    bits = [it for it in bits if it[1] < 16]
                value = sum(1 << bit for _, bit in bits)
                seen = [name for name, _ in sorted(bits, key=lambda it: it[1])]
                if signed and value >= 1 << (8 * width - 1):
                    value -= 1 << (8 * width)
            else:
                fits = [it for it in entries if (-1 << 8 * width - 1 if signed else 0) <= it[1]
                        < 1 << (8 * width - signed)]
                seen, value = fits[n % len(fits)]
        else:
            value = (n * 0x0101_0101_0101_0101 + n) % (1 << (8 * width - signed))
            if signed and n % 2:
                value = -value
            seen = value
            hint = spec.get("display-hint")
            if hint == "hex":
                seen = hex(value % (1 << 8 * width))
            elif hint in ("ipv4", "ipv4-or-v6") and width == 4:
                seen = ".".join(str(b) for b in (value % (1 << 32)).to_bytes(4, "big"))
            elif hint == "realms":
                seen = "%d/%d" % (value >> 16, value & 0xffff) if value >> 16 else str(value)
            elif hint == "tc-handle":
                seen = "%x:%x" % (value >> 16, value & 0xffff)
        order = {"big-endian": "big", "little-endian": "little"}.get(spec.get("byte-order"), self.order)
        return value.to_bytes(width, order, signed=signed), seen

    def binary(self, spec, length=None):
        n = self.next()
        hint = spec.get("display-hint")
        if length is None:
            checks = spec.get("checks", {})
            length = {"mac": 6, "fddi": 6, "ipv4": 4, "ipv6": 16, "ipv4-or-v6": 16, "uuid": 16}.get(hint)
            for check in ("exact-len", "min-len"):
                if check in checks:
                    length = self.length(checks[check])
            if length is None:
                length = 5
        data = bytes((n + at * 7) % 256 for at in range(length))
        if hint in ("mac", "fddi"):
            seen = ":".join("%02x" % b for b in data)
        elif hint == "hex":
            seen = data.hex(" ")
        elif hint in ("ipv4", "ipv6", "ipv4-or-v6") and length == 4:
            seen = ".".join(map(str, data))
        elif hint in ("ipv4", "ipv6", "ipv4-or-v6") and length == 16:
            import ipaddress
            seen = str(ipaddress.IPv6Address(data))
        elif hint == "uuid" and length == 16:
            import uuid
            seen = str(uuid.UUID(bytes=data))
        else:
            seen = data.hex()
        return data, seen

    def struct(self, name, given=None):
        """A struct; `given` has values of members that say something of the message."""
        data, seen = b"", {}
        for it in self.defs[name]["members"]:
            kind = it["type"]
            if it["name"] in (given or {}):
                seen[it["name"]] = given[it["name"]]
                order = {"big-endian": "big", "little-endian": "little"}.get(it.get("byte-order"), self.order)
                data += seen[it["name"]].to_bytes(WIDTHS[kind], order)
                continue
            if kind == "pad":
                data += b"\xee" * self.length(it["len"])
                continue
            if kind == "binary" and "struct" in it:
                part, value = self.struct(it["struct"])
            elif kind == "binary" and "sub-type" in it and "len" in it:
                part, value = b"", []
                while len(part) < self.length(it["len"]):
                    one, seen_one = self.number(it, it["sub-type"])
                    part += one
                    value.append(seen_one)
            elif kind == "binary":
                part, value = self.binary(it, self.length(it["len"]))
            elif kind == "string":
                value = "s%d" % self.next()
                part = value.encode()[:self.length(it["len"])].ljust(self.length(it["len"]), b"\0")
            else:
                part, value = self.number(it, kind)
            data += part
            seen[it["name"]] = value
        return data, seen

    def attr(self, number, payload):
        raw = struct.pack(("<" if self.order == "little" else ">") + "HH", 4 + len(payload), number)
        return raw + payload + b"\0" * (-len(payload) % 4)

    def leaf(self, spec):
        """Payload and printed value of an attribute that needs no other message."""
        kind = spec["type"]
        if kind == "flag":
            return b"", True
        if kind in WIDTHS:
            part, seen = self.number(spec, kind)
            if "type-value" in spec:
                values = {}
                for at, key in reversed(list(enumerate(spec["type-value"]))):
                    n = self.next() % 1000 + at
                    part = self.attr(n, part)
                    values[key] = n
                return part, {**values, "value": seen}
            return part, seen
        if kind == "string":
            text = "text %d \u00e9\"" % self.next()
            return text.encode() + b"\0", text
        if kind == "bitfield32":
            a, seen_a = self.number({k: v for k, v in spec.items() if k == "enum"} | {"enum-as-flags": True}, "u32")
            b, seen_b = self.number({k: v for k, v in spec.items() if k == "enum"} | {"enum-as-flags": True}, "u32")
            return a + b, {"value": seen_a, "selector": seen_b}
        if kind == "binary":
            # An array of structs, which nlcap has beyond YNL.
            if spec.get("sub-type") == "struct":
                parts = [self.struct(spec["struct"]) for _ in range(3)]
                return b"".join(p for p, _ in parts), [v for _, v in parts]
            if "struct" in spec:
                return self.struct(spec["struct"])
            if "sub-type" in spec:
                parts = [self.number({k: v for k, v in spec.items() if k != "type"}, spec["sub-type"]) for _ in range(3)]
                return b"".join(p for p, _ in parts), [v for _, v in parts]
            return self.binary(spec)
        if kind == "indexed-array":
            data, seen = b"", []
            for index in (1, 7):
                sub = spec["sub-type"]
                if sub == "string":
                    value = "el%d" % self.next()
                    part = value.encode() + b"\0"
                elif sub == "binary":
                    part, value = self.binary(spec)
                else:
                    part, value = self.number(spec, sub)
                data += self.attr(index, part)
                seen.append(value)
            return data, seen
        return None

    # -- messages

    def put(self, wrap, data, seen):
        self.messages.append(wrap(data, seen))

    def visit(self, name, wrap, outer):
        """Writes all of a set. `wrap` puts a set's attributes into a message;
        `outer` are the sets around, innermost last, each a list of attributes
        and printed values that a selector needs there."""
        if name in self.visited:
            return
        self.visited.add(name)
        data, seen, inner = b"", {}, []
        for spec in self.attrs[name]:
            kind = spec["type"]
            if kind in ("unused", "pad"):
                continue
            nests = kind in ("nest", "nest-type-value", "sub-message") or \
                kind == "indexed-array" and spec["sub-type"] == "nest" or "length-member" in spec
            if nests:
                inner.append(spec)
                continue
            self.covered.add((name, spec["name"]))
            part, value = self.leaf(spec)
            data += self.attr(spec["value"], part)
            if spec.get("multi-attr"):
                other, second = self.leaf(spec)
                data += self.attr(spec["value"], other)
                value = [value, second]
            seen[spec["name"]] = value
        self.put(wrap, data, seen)
        for spec in inner:
            self.covered.add((name, spec["name"]))
            if spec["type"] == "sub-message":
                self.sub_message(name, spec, wrap, outer)
            else:
                # The form of the nest itself, even of a set that was written.
                self.put(self.nest(spec, wrap), b"", {})
                target = spec["nested-attributes"]
                if "length-member" in spec:
                    self.put(self.nest(spec, wrap), *self.some(target))
                self.visit(target, self.nest(spec, wrap), outer + [(name, wrap, spec)])

    def nest(self, spec, wrap):
        keys = spec.get("type-value", [])

        def inside(data, seen):
            kind = spec["type"]
            if kind == "indexed-array":
                data, seen = self.attr(3, data), [{"3": seen}]
            elif kind == "nest-type-value":
                values = {}
                for at, key in enumerate(keys):
                    values[key] = 11 + at
                for key in reversed(keys):
                    data = self.attr(values[key], data)
                seen = {**values, **{(f"{k} (attribute)" if k in values else k): v for k, v in seen.items()}}
            elif kind == "binary":
                # One struct without attributes, and one with them: the kernel sets no flag.
                data, seen = zip(self.entry(spec, b"", {}), self.entry(spec, data, seen))
                return wrap(self.attr(spec["value"], b"".join(data)), {spec["name"]: list(seen)})
            if spec.get("multi-attr"):
                return wrap(self.attr(spec["value"] | 0x8000, data), {spec["name"]: [seen]})
            return wrap(self.attr(spec["value"] | 0x8000, data), {spec["name"]: seen})
        return inside

    def some(self, name):
        """A few attributes of a set, whether it was written or not."""
        data, seen = b"", {}
        for spec in self.attrs[name]:
            made = None if spec["type"] in ("unused", "pad") or "length-member" in spec else self.leaf(spec)
            if made and len(seen) < 3:
                data += self.attr(spec["value"], made[0])
                seen[spec["name"]] = [made[1]] if spec.get("multi-attr") else made[1]
        return data, seen

    def entry(self, spec, data, seen):
        """A struct that says how long it and the attributes behind it are."""
        size = len(self.struct(spec["struct"])[0])
        start = size + -size % 4
        length = start + len(data) if data else size
        head, members = self.struct(spec["struct"], {spec["length-member"]: length})
        head += b"\0" * (start - size)
        return head + data, {**members, **{(f"{k} (attribute)" if k in members else k): v for k, v in seen.items()}}

    def sub_message(self, name, spec, wrap, outer):
        for form in self.subs[spec["sub-message"]]["formats"]:
            self.formats.add((spec["sub-message"], form["value"]))
            inside = self.in_form(name, spec, form, wrap, outer)
            if inside is None:
                raise SystemExit(f"no selector {spec['selector']} for {name}.{spec['name']}")
            target = form.get("attribute-set")
            self.put(inside, b"", {})
            if target:
                self.visit(target, inside, outer + [(name, wrap, {**spec, "form": form["value"]})])

    def selector(self, spec, form):
        """The attribute that selects the form, and its printed value."""
        if spec["type"] == "string":
            return self.attr(spec["value"], form["value"].encode() + b"\0"), form["value"]
        value = form["value"]
        if "enum" in spec:
            value = dict(self.entries(self.defs[spec["enum"]]))[value]
        data = int(value).to_bytes(WIDTHS[spec["type"]],
                                   {"big-endian": "big", "little-endian": "little"}.get(spec.get("byte-order"), self.order))
        return self.attr(spec["value"], data), form["value"] if "enum" in spec else int(value)

    def in_form(self, name, spec, form, wrap, outer):
        own = [it for it in self.attrs[name] if it["name"] == spec["selector"]]

        def body(data, seen):
            head, members = self.struct(form["fixed-header"]) if "fixed-header" in form else (b"", {})
            head += b"\0" * (-len(head) % 4)
            seen = {**members, **{(f"{k} (attribute)" if k in members else k): v for k, v in seen.items()}}
            value = [seen] if spec.get("multi-attr") else seen
            return self.attr(spec["value"] | 0x8000, head + data), {spec["name"]: value}
        if own:
            def inside(data, seen):
                key, printed = self.selector(own[0], form)
                if own[0].get("multi-attr"):
                    printed = [printed]
                data, seen = body(data, seen)
                return wrap(key + data, {own[0]["name"]: printed, **seen})
            return inside
        # In the nearest set around that has it: the nest at hand stands beside it.
        for at in range(len(outer) - 1, -1, -1):
            around, around_wrap, way = outer[at]
            there = [it for it in self.attrs[around] if it["name"] == spec["selector"]]
            if not there:
                continue
            way = outer[at][2]
            if way.get("selector") == spec["selector"]:
                # It is there already: it selected the form that all this is in.
                return (lambda data, seen: wrap(*body(data, seen))) if way["form"] == form["value"] else None

            def inside(data, seen, at=at, there=there, around_wrap=around_wrap):
                data, seen = body(data, seen)

                def beside(data, seen):
                    key, printed = self.selector(there[0], form)
                    return around_wrap(key + data, {there[0]["name"]: printed, **seen})
                ways = [it[2] for it in outer[at:]]
                wrapped = beside
                for way in ways:
                    if way["type"] == "sub-message":
                        return None
                    wrapped = self.nest(way, wrapped)
                return wrapped(data, seen)
            return inside
        # A member of the header, which nlcap has beyond YNL.
        if not any(member["name"] == spec["selector"] for it in self.defs.values()
                   for member in it.get("members", [])):
            return None

        def chosen(data, seen):
            self.chosen = {spec["selector"]: form["value"]}
            message = wrap(*body(data, seen))
            self.chosen = {}
            return message
        return chosen

    def operation(self, op, number, header, request):
        generic = self.spec.get("protocol", "genetlink") != "netlink-raw"

        def wrap(data, seen):
            head, members = self.struct(header) if header else (b"", {})
            head += b"\0" * (-len(head) % 4)
            seen = {**members, **{(f"{k} (attribute)" if k in members else k): v for k, v in seen.items()}}
            payload = (bytes([number, 1, 0, 0]) if generic else b"") + head + data
            return self.message(FAMILY_ID if generic else number, 1 if request else 0, payload), seen
        return wrap

    def message(self, kind, flags, payload):
        form = "<IHHII" if self.order == "little" else ">IHHII"
        return struct.pack(form, 16 + len(payload), kind, flags, 0, 9) + payload

    def run(self):
        ops = self.spec["operations"]
        directional = ops.get("enum-model") == "directional"
        by_name = {it["name"]: it for it in ops["list"]}
        request = reply = number = 0
        for op in ops["list"]:
            asynchronous = "notify" in op or "event" in op
            if directional:
                if asynchronous:
                    reply = op.get("value", reply + 1)
                    sides = [(reply, False)]
                else:
                    form = op.get("do") or op["dump"]
                    request = form.get("request", {}).get("value", request + 1) if form.get("request") is not None \
                        else request + 1
                    sides = [(request, True)]
                    if "reply" in form:
                        reply = (form["reply"] or {}).get("value", reply + 1)
                        sides.append((reply, False))
            else:
                number = op.get("value", number + 1)
                sides = [(number, True), (number, False)]
            aset = op.get("attribute-set") or by_name.get(op.get("notify"), {}).get("attribute-set")
            header = op.get("fixed-header", ops.get("fixed-header"))
            for number_of, is_request in sides:
                wrap = self.operation(op, number_of, header, is_request)
                self.put(wrap, b"", {})
                if aset:
                    # A message of an operation that shares its number with one
                    # of another set is that one's.
                    self.visit(aset, wrap, [])


def leaves(seen):
    if isinstance(seen, dict):
        return sum(map(leaves, seen.values()))
    if isinstance(seen, list):
        return sum(map(leaves, seen))
    return 1


def main():
    path, out, order = sys.argv[1:]
    with open(path) as file:
        # By YAML 1.2 `on` and `off` are texts; only `true` and `false` are not.
        loader = yaml.SafeLoader
        loader.yaml_implicit_resolvers = {
            first: [(tag, regexp) for tag, regexp in all if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
            for first, all in loader.yaml_implicit_resolvers.items()}
        spec = yaml.load(file, Loader=loader)
    writer = Writer(spec, order)
    writer.run()
    generic = spec.get("protocol", "genetlink") != "netlink-raw"
    protocol = 16 if generic else spec["protonum"]
    sign = "<" if order == "little" else ">"
    with open(out, "wb") as file:
        file.write(struct.pack(sign + "IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 253))

        def packet(number, message):
            data = struct.pack(">HHH8xH", 4, 824, 0, number) + message
            file.write(struct.pack(sign + "IIII", 1, 0, len(data), len(data)) + data)
        if generic:
            name = spec["name"].encode() + b"\0"
            answer = bytes([1, 2, 0, 0]) + writer.attr(2, name)
            answer += writer.attr(1, FAMILY_ID.to_bytes(2, order))
            packet(16, writer.message(16, 0, answer))
        for message, _ in writer.messages:
            packet(protocol, message)
    first = 2 if generic else 1
    total = 0
    for at, (_, seen) in enumerate(writer.messages):
        total += leaves(seen)
        print(json.dumps([first + at, seen]))
    defined = {(name, it["name"]) for name in writer.visited for it in writer.attrs[name]
               if it["type"] not in ("unused", "pad")}
    print(json.dumps({
        "values": total,
        "attributes": len(writer.covered),
        "defined": len(defined),
        "formats": len(writer.formats),
        "sets": len(writer.visited),
        "unreached": sorted(set(writer.sets) - writer.visited),
    }))


main()

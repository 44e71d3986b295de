-- SPDX-License-Identifier: GPL-2.0-or-later
-- Attributes, twice: `scan` only reads, in every mode, and finds what is damaged
-- and what the Info column says; `build` makes the tree, where one is looked at or
-- a filter asks for a field of it.

local nl = ...
local bytes, values, interest = nl.bytes, nl.values, nl.interest
local byte, spend, fits = string.byte, values.spend, values.fits
local add_item, add_item_le, append_text = TreeItem.add, TreeItem.add_le, TreeItem.append_text

local attributes = {}

-- Nests deeper than this are shown as bytes: no kernel family nests half as deep,
-- and a hostile capture must not exhaust the stack.
local MAX_DEPTH = 16

local NLA_HEADER = 4

-- The state of one message's dissection. `tvb` has all bytes that were captured
-- and `raw` the same as a string; the message, without its netlink header, begins at
-- `at` of them and really ends at `stop`.
function attributes.context(family, tvb, raw, big, at, stop)
	return {
		family = family, tvb = tvb, raw = raw, big = big, net = false, at = at, stop = stop,
		count = 0, seen = {}, counts = {}, pieces = {},
	}
end

-- The attribute at `at`, of those that end at `stop`: where its payload begins and
-- ends, its number, its flags' byte, and where the next one is. Without an
-- attribute: nil, the expert item and its text.
local function header(context, at, stop)
	local left, captured = stop - at, #context.raw
	if left < NLA_HEADER then
		return nil, "malformed", left, "bytes are left, too few for an attribute"
	elseif captured - at < NLA_HEADER then
		return nil, "partial", 0, ""
	end
	local a, b, c, d = byte(context.raw, at + 1, at + 4)
	local length, high
	if context.big then
		length, high, d = a * 256 + b, c, d
	else
		length, high, d = b * 256 + a, d, c
	end
	if length < NLA_HEADER or length > left then
		return nil, "malformed", length, left
	end
	return at + NLA_HEADER, at + length, high % 64 * 256 + d, high, at + length + -length % 4
end

local function explain(what, first, second)
	if what == "partial" then
		return nil
	elseif type(second) == "string" then
		return string.format("%d %s", first, second)
	end
	return string.format("An attribute says it has %d bytes, %d are left", first, second)
end

--------------------------------------------------------------------------------
-- Reading

-- Marks a message as one whose tree is needed for its expert items.
local function odd(context, what)
	context.odd, context[what] = true, true
end

local scan

-- What is in an array or below a key is checked as deep as it goes.
local function scan_elements(context, value, at, stop, depth, keys)
	context.irregular = true
	if depth > MAX_DEPTH then
		return odd(context, "too_deep")
	end
	while at < stop do
		local payload, ends, _, _, next_at = header(context, at, stop)
		if not payload then
			return odd(context, ends)
		elseif not spend(context) then
			return odd(context, "too_many")
		end
		if ends > #context.raw then
			odd(context, "partial")
		end
		if context.heads then
			context.heads[#context.heads + 1] = { at = at }
		end
		if keys > 1 then
			scan_elements(context, value, payload, ends, depth + 1, keys - 1)
		elseif value.element.set then
			scan(context, value.element.set, payload, ends, depth + 1)
		elseif not fits(value.element, ends - payload) then
			odd(context, "wrong_length")
		elseif value.element.kind == "string" then
			-- A shape does not look for their ends.
			context.heads = nil
			if byte(context.raw, ends) ~= 0 then
				odd(context, "unterminated")
			end
		end
		at = next_at
	end
end

-- What a value is on one line.
function attributes.tell(context, attr, payload, ends)
	local shown = values.tell(context, attr, payload, ends - payload)
	if not shown or attr.is_text then
		return shown
	end
	return shown == "" and attr.name or attr.name .. " " .. bytes.printable(shown, 64)
end

-- Reads the attributes in a range by their set. Returns what can stand for all of
-- them in one line, the first text, else the first number: the attribute, where its
-- payload begins and ends, and whether it is in network order.
function scan(context, set, at, stop, depth)
	if depth > MAX_DEPTH then
		odd(context, "too_deep")
		return nil
	end
	local captured = #context.raw
	local text, text_at, text_ends, first, first_at, first_ends, first_net
	while at < stop do
		local payload, ends, kind, high, next_at = header(context, at, stop)
		if not payload then
			odd(context, ends)
			break
		elseif not spend(context) then
			odd(context, "too_many")
			break
		end
		local attr = set and set[kind]
		local whole = ends <= captured
		if not whole then
			odd(context, "partial")
		end
		if not attr then
			odd(context, "unknown")
		else
			local net = high % 128 >= 64
			context.seen[attr] = true
			local head
			if context.heads then
				head = { at = at, attr = attr, size = ends - payload, padded = next_at <= stop, depth = depth }
				context.heads[#context.heads + 1] = head
				context.irregular = context.irregular or net
			end
			local told, told_at, told_ends, told_net
			if attr.kind == "nest" then
				told, told_at, told_ends, told_net = scan(context, attr.set, payload, ends, depth + 1)
				if head then
					head.told, head.told_at, head.told_ends = told, told_at, told_ends
				end
			elseif attr.holds then
				scan_elements(context, attr, payload, ends, depth + 1, attr.keys and #attr.keys or 1)
			elseif whole and not fits(attr, ends - payload) then
				odd(context, "wrong_length")
			elseif whole then
				if attr.is_text and byte(context.raw, ends) ~= 0 then
					odd(context, "unterminated")
				end
				if values.tells(attr, ends - payload) then
					told, told_at, told_ends, told_net = attr, payload, ends, net
				end
			end
			if told then
				if not attr.is_text then
					if not first then
						first, first_at, first_ends, first_net = told, told_at, told_ends, told_net
					end
				elseif not text then
					text, text_at, text_ends = told, told_at, told_ends
				end
			end
			if depth == 0 then
				context.counts[attr] = (context.counts[attr] or 0) + 1
				if told and #context.pieces < 3 then
					context.pieces[#context.pieces + 1] = { attr = told, at = told_at, ends = told_ends, net = told_net }
				end
			end
		end
		at = next_at
	end
	if text then
		return text, text_at, text_ends
	end
	return first, first_at, first_ends, first_net
end
attributes.scan = scan

--------------------------------------------------------------------------------
-- The tree

-- Which of the attributes in `seen` have a field that somebody asks for: true for
-- all, nil for none. What nobody asks for is not built when no tree is looked at.
function attributes.wanted(family, seen, tree)
	-- Undecoded bytes can be in any of them, and each has a header.
	if interest.in_fields(tree, family.own_fields) then
		return true
	end
	local wanted
	for attr in pairs(seen) do
		if interest.in_fields(tree, attr.fields) then
			wanted = wanted or {}
			wanted[attr] = true
		end
	end
	return wanted
end

local function report(context, item, what, text)
	if text then
		item:add_proto_expert_info(context.family.experts[what], text)
	else
		item:add_proto_expert_info(context.family.experts[what])
	end
end

-- The attribute's header, first below its item; its two flags where one is set.
-- `suffix` is its label in brackets.
local function add_header(context, item, at, suffix)
	if context.wanted then
		return
	end
	local own, tvb, big = context.family.own, context.tvb, context.big
	local add = big and add_item or add_item_le
	local kind = tvb(at + 2, 2)
	add(item, own.len, tvb(at, 2))
	if byte(context.raw, big and at + 3 or at + 4) >= 64 then
		add(item, own.nested, kind)
		add(item, own.net, kind)
	end
	local made = add(item, own.type, kind)
	if context.visible then
		append_text(made, suffix)
	end
end
attributes.add_header = add_header

-- The bytes from `at` that were captured, as what could not be dissected.
local function add_rest(context, tree, at, stop)
	stop = math.min(stop, #context.raw)
	local range = at < stop and context.tvb(at, stop - at) or context.tvb(#context.raw - 1, 1)
	return tree:add(context.family.own.rest, range)
end
attributes.add_rest = add_rest

-- Where to put an item of an attribute without a payload.
local function span(context, at, payload, ends)
	ends = math.min(ends, #context.raw)
	if ends > payload then
		return context.tvb(payload, ends - payload)
	end
	return context.tvb(at, NLA_HEADER)
end

local build

-- A value of the wrong length, or one that was not captured whole: its bytes.
local function add_damaged(context, tree, attr, at, payload, ends, what, text)
	local item = tree:add(context.family.own.rest, span(context, at, payload, ends))
	local shown = context.raw:sub(payload + 1, math.min(ends, payload + 32)):gsub(".", function(octet)
		return string.format("%02x", octet:byte())
	end)
	item:set_text(shown == "" and attr.label or attr.label .. ": " .. shown)
	add_header(context, item, at, attr.suffix)
	report(context, item, what, text)
end

local function wrong_length(attr, size)
	if size == 0 then
		return attr.label .. " is empty"
	end
	local text = string.format("%s has %d byte%s", attr.label, size, size == 1 and "" or "s")
	if attr.least == attr.most then
		return string.format("%s, not %d", text, attr.least)
	elseif attr.step == attr.most - attr.least then
		return string.format("%s, not %d or %d", text, attr.least, attr.most)
	end
	return text
end

local function add_value(context, tree, attr, at, payload, ends)
	local size = ends - payload
	if ends > #context.raw then
		return add_damaged(context, tree, attr, at, payload, ends, "partial")
	elseif not fits(attr, size) then
		return add_damaged(context, tree, attr, at, payload, ends, "wrong_length", wrong_length(attr, size))
	end
	local item = attr.add(context, tree, attr, payload, size)
	add_header(context, item, at, attr.suffix)
	if attr.below then
		attr.below(context, item, attr, payload, size)
	end
end

-- Elements of an array, or what is below a key, each in an item of its own.
local function build_elements(context, tree, value, at, stop, depth, key)
	if depth > MAX_DEPTH then
		return report(context, add_rest(context, tree, at, stop), "too_deep")
	end
	while at < stop and not context.full do
		local payload, ends, kind, high, next_at = header(context, at, stop)
		if not payload then
			return report(context, add_rest(context, tree, at, stop), ends, explain(ends, kind, high))
		elseif not spend(context) then
			context.full = true
			return report(context, add_rest(context, tree, at, stop), "too_many")
		end
		local field = value.key_fields and value.key_fields[key]
		local label = field and string.format("%s %d", value.keys[key], kind) or string.format("[%d]", kind)
		local element = value.element
		if (field and key < #value.keys) or element.set then
			local item = tree:add(span(context, at, payload, ends), label)
			add_header(context, item, at, " (" .. label .. ")")
			if field then
				item:add(field, context.tvb(at + 2, 2), kind)
			end
			if field and key < #value.keys then
				build_elements(context, item, value, payload, ends, depth + 1, key + 1)
			else
				build(context, item, element.set, payload, ends, depth + 1)
			end
		elseif field then
			local item = tree:add(span(context, at, payload, ends), label)
			item:add(field, context.tvb(at + 2, 2), kind)
			add_value(context, item, element, at, payload, ends)
		else
			add_value(context, tree, element, at, payload, ends)
		end
		at = next_at
	end
end

local function add_holder(context, tree, attr, at, payload, ends, depth)
	local range = span(context, at, payload, ends)
	local own = attr.kind == "nest" or attr.element.set
	local item
	if own then
		item = tree:add(attr.fields[1], range)
	else
		item = tree:add(range, attr.label)
	end
	add_header(context, item, at, attr.suffix)
	if ends > #context.raw then
		report(context, item, "partial")
	end
	if attr.kind ~= "nest" then
		return build_elements(context, item, attr, payload, ends, depth + 1, 1)
	end
	local shown = build(context, item, attr.set, payload, ends, depth + 1)
	if shown and context.visible then
		item:append_text(": " .. shown)
	end
	return shown
end

-- Adds the attributes in a range to the tree by their set. Returns their one line,
-- as `scan` does, where the tree is looked at.
function build(context, tree, set, at, stop, depth)
	if depth > MAX_DEPTH then
		report(context, add_rest(context, tree, at, stop), "too_deep")
		return nil
	end
	local wanted = context.wanted
	local text, number
	while at < stop and not context.full do
		local payload, ends, kind, high, next_at = header(context, at, stop)
		if not payload then
			report(context, add_rest(context, tree, at, stop), ends, explain(ends, kind, high))
			break
		elseif not spend(context) then
			context.full = true
			report(context, add_rest(context, tree, at, stop), "too_many")
			break
		end
		local attr = set and set[kind]
		if not attr then
			local item = tree:add(context.family.own.unknown, span(context, at, payload, ends))
			add_header(context, item, at, " (unknown)")
			report(context, item, "unknown", string.format("The specification has no attribute %d here", kind))
		elseif attr.holds then
			local shown = add_holder(context, tree, attr, at, payload, ends, depth)
			number = number or shown
		elseif not wanted or wanted[attr] then
			context.net = high % 128 >= 64
			add_value(context, tree, attr, at, payload, ends)
			if context.visible and not text and (attr.is_text or not number)
				and ends <= #context.raw and fits(attr, ends - payload) then
				local shown = attributes.tell(context, attr, payload, ends)
				if attr.is_text then
					text = shown
				else
					number = number or shown
				end
			end
			context.net = false
		end
		at = next_at
	end
	return text or number
end

-- Builds the tree of all attributes from `at` on.
function attributes.build(context, tree, set, at)
	context.count, context.full = 0, false
	build(context, tree, set, at, context.stop, 0)
end

return attributes

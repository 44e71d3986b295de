-- SPDX-License-Identifier: GPL-2.0-or-later
-- Messages of a shape that is known: sound, in little-endian order, with attributes at
-- places that need not be looked for. What is made of them is what `attributes.build`
-- makes, by a list of steps.

local nl = ...
local attributes, values = nl.attributes, nl.values
local add_header, tell = attributes.add_header, attributes.tell
local byte, concat = string.byte, table.concat
local add, add_le, append_text = TreeItem.add, TreeItem.add_le, TreeItem.append_text

local known = {}

local NLA_HEADER = 4

-- A value that is read again and again: where it is, from the message's first byte on,
-- and how long. Of a text `rest` is what its length has beyond its low byte, without the
-- attribute's header.
local function value_of(attr, at, size)
	return { attr = attr, at = at, size = size, rest = attr.is_text and size - (size + NLA_HEADER) % 256 }
end

-- Completes a shape by what was learnt when its message was read: the steps of its tree.
function known.learn(shape, context)
	local start, raw, steps = context.at, context.raw, {}
	for i, head in ipairs(context.heads) do
		if not head.attr then
			return
		end
		local step = value_of(head.attr, head.at - start + NLA_HEADER, head.size)
		step.depth, step.flagged = head.depth + 1, byte(raw, head.at + 4) >= 64
		step.nest = head.attr.kind == "nest"
		-- Most are numbers that are their field and nothing else.
		step.field = values.is_plain_number(head.attr) and head.attr.fields[1]
		step.suffix = head.attr.suffix
		if head.told then
			step.told = value_of(head.told, head.told_at - start, head.told_ends - head.told_at)
		end
		steps[i] = step
	end
	shape.steps = steps
end

-- Completes a shape by the values that the Info column shows.
function known.tell_of(shape, context, label)
	shape.label, shape.pieces = label, {}
	for i, piece in ipairs(context.pieces) do
		shape.pieces[i] = value_of(piece.attr, piece.at - context.at, piece.ends - piece.at)
		shape.pieces[i].net = piece.net
	end
end

-- The value's text, of a message that begins at `start`.
local function read(context, value, start)
	local at, size = start + value.at, value.size
	if value.rest then
		size = byte(context.raw, at - 3) + value.rest
	end
	context.net = value.net
	local text = tell(context, value.attr, at, at + size)
	context.net = false
	return text
end

-- What a message says in one line.
function known.info(context, shape, start)
	local pieces, texts = shape.pieces, {}
	if #pieces == 1 then
		return shape.label .. read(context, pieces[1], start)
	end
	for i = 1, #pieces do
		texts[i] = read(context, pieces[i], start)
	end
	return shape.label .. concat(texts, ", ")
end

local items = {}

-- Adds all attributes of a message that is looked at.
function known.build(context, root, shape)
	local tvb, raw, start, own = context.tvb, context.raw, context.at, context.family.own
	local len, kind, steps = own.len, own.type, shape.steps
	items[1] = root
	for i = 1, #steps do
		local step = steps[i]
		local at, size, depth, field, attr = start + step.at, step.size, step.depth, step.field, nil
		local item
		if field then
			item = add_le(items[depth], field, tvb(at, size))
		elseif step.nest then
			attr = step.attr
			item = add(items[depth], attr.fields[1], size > 0 and tvb(at, size) or tvb(at - NLA_HEADER, NLA_HEADER))
			items[depth + 1] = item
		else
			attr = step.attr
			if step.rest then
				size = byte(raw, at - 3) + step.rest
			end
			item = attr.add(context, items[depth], attr, at, size)
		end
		if step.flagged then
			add_header(context, item, at - NLA_HEADER, step.suffix)
		else
			add_le(item, len, tvb(at - 4, 2))
			append_text(add_le(item, kind, tvb(at - 2, 2)), step.suffix)
		end
		if step.told then
			append_text(item, ": " .. read(context, step.told, start))
		elseif attr and attr.below then
			attr.below(context, item, attr, at, size)
		end
	end
end

-- The places of those attributes whose fields are asked for, in one list.
function known.places(shape, wanted)
	local all = {}
	for attr in pairs(wanted) do
		local places = shape.places[attr]
		for i = 1, #places, 2 do
			local place = value_of(attr, places[i] + NLA_HEADER, places[i + 1])
			place.field = values.is_plain_number(attr) and attr.fields[1]
			all[#all + 1] = place
		end
	end
	return all
end

-- Adds them, where nobody looks at the tree.
function known.add_places(context, root, places, start)
	local tvb = context.tvb
	for i = 1, #places do
		local place = places[i]
		local attr, at, size = place.attr, start + place.at, place.size
		if place.field then
			add_le(root, place.field, tvb(at, size))
		elseif attr.kind == "nest" then
			add(root, attr.fields[1], size > 0 and tvb(at, size) or tvb(at - NLA_HEADER, NLA_HEADER))
		else
			if place.rest then
				size = byte(context.raw, at - 3) + place.rest
			end
			local item = attr.add(context, root, attr, at, size)
			if attr.below then
				attr.below(context, item, attr, at, size)
			end
		end
	end
end

return known

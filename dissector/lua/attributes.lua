-- SPDX-License-Identifier: GPL-2.0-or-later
-- Walks attributes, and what is made of attributes: nests, arrays, and nests
-- whose numbers are values.

local bytes, values = ...

local attributes = {}

-- Nests deeper than this are kept as bytes: no family's are half as deep, and a
-- hostile message must exhaust neither Lua's stack nor Wireshark's.
local MAX_DEPTH = 16

local HEADER = 4 -- struct nlattr: u16 length, u16 type
local NET_BYTEORDER = 0x4000
local NUMBERS = 0x4000 -- types modulo this are numbers

-- The items of an attribute's header and padding, below its own.
local function add_header(context, node, at, length, stop, label)
	local own = context.family.own
	local big = context.big
	values.add(context, node, own.len, at, 2, big)
	values.add(context, node, own.nested, at + 2, 2, big)
	values.add(context, node, own.net, at + 2, 2, big)
	local kind = values.add(context, node, own.type, at + 2, 2, big)
	if kind and label then
		kind:append_text((" (%s)"):format(label))
	end
	local padding = math.min(bytes.align(length), stop - at) - length
	if padding > 0 then
		values.add(context, node, own.padding, at + length, padding, true)
	end
end

-- Calls `each(number, at, size)` for each attribute from `at` to `stop`, which
-- returns the attribute's item and label. What is no attribute ends the walk.
local function walk(context, node, at, stop, each)
	while at < stop do
		local left, here = stop - at, context.captured - at
		if here < math.min(HEADER, left) then
			break
		elseif left < HEADER then
			values.rest(context, node, at, left, nil, "malformed",
				("%d bytes are left, too few for an attribute"):format(left))
			return
		end
		local length = bytes.uint(context.data, at, 2, context.big)
		local kind = bytes.uint(context.data, at + 2, 2, context.big)
		if length < HEADER or length > left then
			values.rest(context, node, at, math.min(left, here), nil, "malformed",
				("An attribute says it has %d bytes, where %d are left"):format(length, left))
			return
		elseif length > here then
			break
		end
		-- The one flag that changes how values are read.
		local order = context.big
		if bytes.has(kind, NET_BYTEORDER) then
			context.big = true
		end
		local item, label = each(kind % NUMBERS, at + HEADER, length - HEADER)
		context.big = order
		add_header(context, item or node, at, length, math.min(stop, context.captured), label)
		at = at + bytes.align(length)
	end
	if at < stop and context.captured > at then
		values.rest(context, node, at, context.captured - at, nil, "cut",
			"The capture ends in this attribute")
	end
end

-- An item that holds others and has no field of its own.
local function add_group(context, node, at, size, text)
	local item = values.add(context, node, context.family.own.nla, at, size, true)
	if item then
		item:set_text(text)
	end
	return item
end

local add_set

-- What a line says of a nest: "2: eth0", "ifindex 2", or its first values.
local function summary(found)
	if found.name and found.index then
		return ("%s: %s"):format(found.index, found.name)
	elseif found.name then
		return found.name
	elseif found.index then
		return ("%s %s"):format(found.index_name, found.index)
	end
	return #found > 0 and table.concat(found, ", ") or nil
end

-- What the Info column says of it: the name alone is enough.
local function short(found)
	return found.name or summary(found)
end

-- An array whose elements are attributes numbered by their index.
local function add_array(context, node, attr, at, size, depth)
	local item = attr.handle and values.add(context, node, attr.handle, at, size, true)
		or add_group(context, node, at, size, attr.label)
	walk(context, item or node, at, at + size, function(index, place, length)
		local name = ("[%d]"):format(index)
		if attr.element then
			local made = values.add_value(context, item or node, attr.element, place, length)
			return made, name
		end
		local made = add_group(context, item or node, place, length, name)
		local found = add_set(context, made or item or node, attr.set, place, length, depth + 1)
		if made and summary(found) then
			made:append_text(": " .. summary(found))
		end
		return made, name
	end)
	return item
end

-- Numbers one behind the other.
local function add_values(context, node, attr, at, size)
	local item = add_group(context, node, at, size, attr.label)
	local width = attr.element.size
	local whole = size - size % width
	for place = at, at + whole - width, width do
		values.add_value(context, item or node, attr.element, place, width)
	end
	if whole < size then
		values.rest(context, item or node, at + whole, size - whole, attr.label, "length",
			("%s has %d bytes, no multiple of %d"):format(attr.label, size, width))
	end
	return item
end

-- Nests whose numbers are values, as `keys` names them; the innermost holds
-- attributes or a value.
local function add_keyed(context, node, attr, at, size, depth, level)
	level = level or 1
	local item
	if level > 1 then
		item = node
	else
		item = attr.handle and values.add(context, node, attr.handle, at, size, true)
			or add_group(context, node, at, size, attr.label)
	end
	local below = item or node
	if level > #attr.keys then
		if attr.element then
			values.add_value(context, below, attr.element, at, size)
		else
			add_set(context, below, attr.set, at, size, depth + 1)
		end
		return item
	end
	walk(context, below, at, at + size, function(number, place, length)
		local text = ("%s %d"):format(attr.keys[level], number)
		local made = add_group(context, below, place, length, text)
		add_keyed(context, made or below, attr, place, length, depth, level + 1)
		return made, text
	end)
	return item
end

local function add_bitfield32(context, node, attr, at, size)
	if size ~= 8 then
		return values.rest(context, node, at, size, attr.label, "length",
			("%s has %d bytes, not 8"):format(attr.label, size))
	end
	local item = values.add(context, node, attr.handle, at, size, true)
	local _, text = values.add_value(context, item or node, attr.value, at, 4)
	values.add_value(context, item or node, attr.selector, at + 4, 4)
	return item, text
end

local function add_nest(context, node, attr, at, size, depth)
	local item = values.add(context, node, attr.handle, at, size, true)
	local found = add_set(context, item or node, attr.set, at, size, depth + 1)
	local text = summary(found)
	if item and text then
		item:append_text(": " .. text)
	end
	return item, short(found)
end

local function add_flag(context, node, attr, at, size)
	local item = values.add(context, node, attr.handle, at, size, true)
	if size > 0 then
		values.note(context, node, item, "length",
			("%s has %d bytes, not 0"):format(attr.label, size))
	end
	return item, attr.name
end

local DISSECTORS = {
	nest = add_nest,
	array = add_array,
	values = add_values,
	keyed = add_keyed,
	bitfield32 = add_bitfield32,
	flag = add_flag,
}

-- Remembers of an attribute what a line about its nest may say.
local function remember(found, attr, text)
	if attr.role == "name" then
		found.name = found.name or text
	elseif attr.role == "index" then
		if not found.index then
			found.index, found.index_name = text, attr.name
		end
	elseif #found < 2 and not attr.set then
		found[#found + 1] = attr.kind == "flag" and text or ("%s %s"):format(attr.name, text)
	end
	-- Of an object that another one names in a nest, as ethtool's header does.
	if attr.kind == "nest" then
		found.inner = found.inner or text
	end
end

-- Adds the attributes from `at` on by a set, and returns what was found: an
-- array of texts, with `name`, `index`, `inner`, and `counts` of numbers.
function add_set(context, node, set_name, at, size, depth)
	local found = { counts = {} }
	if depth > MAX_DEPTH then
		if size > 0 then
			values.rest(context, node, at, size, nil, "depth",
				("More than %d nests in each other"):format(MAX_DEPTH))
		end
		return found
	end
	local set = context.family.sets[set_name]
	walk(context, node, at, at + size, function(number, place, length)
		local attr = set and set[number]
		if not attr then
			local item = node:add(context.family.own.unknown, context.tvb(place, length))
			values.note(context, node, item, "unknown",
				("The specification has no attribute %d here"):format(number))
			return item, "unknown"
		end
		found.counts[number] = (found.counts[number] or 0) + 1
		local add = DISSECTORS[attr.kind] or values.add_value
		local item, text = add(context, node, attr, place, length, depth)
		if text then
			remember(found, attr, text)
		end
		return item, attr.label
	end)
	return found
end

attributes.add_set = add_set

-- What the Info column says of all that a message holds: how many there are of
-- what stands several times, else its name, else its first values.
function attributes.story(context, set_name, found)
	for number, count in pairs(found.counts) do
		local attr = context.family.sets[set_name][number]
		if count > 1 and attr.kind == "nest" then
			return ("%d %s"):format(count, attr.noun or attr.name)
		end
	end
	local parts = { found.inner or short(found) }
	if found.inner then
		for _, text in ipairs(found) do
			parts[#parts + 1] = text
		end
	end
	return parts[1] and table.concat(parts, ", ")
end

return attributes

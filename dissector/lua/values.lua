-- SPDX-License-Identifier: GPL-2.0-or-later
-- Items for single values: numbers, flags, texts, addresses, bytes, structs.
--
-- Wireshark may want no tree at all, or a few fields of it for a filter or a
-- column: then `tree.visible` is false, and only what is referenced is added. An
-- item that nobody asked for costs 20 times what finding that out does.

local bytes, fields = ...

local NUMBERS, ADDRESSES = fields.NUMBERS, fields.ADDRESSES

local values = {}

-- More items than this in one message are no use to people, and Wireshark gives
-- up at a million a frame.
local MAX_ITEMS = 400000

-- Whether somebody looks at this field of this message.
local function is_wanted(context, handle)
	local wanted = context.wanted[handle]
	if wanted == nil then
		wanted = context.visible or context.tree:referenced(handle)
		context.wanted[handle] = wanted
	end
	return wanted
end

-- Adds an item below `node` if somebody looks at it; else there is none. Numbers
-- are little-endian unless `big`.
function values.add(context, node, handle, at, size, big)
	if not is_wanted(context, handle) then
		return nil
	end
	context.items = context.items + 1
	if context.items > MAX_ITEMS then
		context.too_many = true
		return nil
	end
	local range = context.tvb(at, size)
	if big then
		return node:add(handle, range)
	end
	return node:add_le(handle, range)
end

-- Says something about `item`, or about `node` where there is no item.
function values.note(context, node, item, what, text)
	local target = item or node
	target:add_proto_expert_info(context.family.experts[what], text)
end

-- Bytes that are not what they should be: kept, always there to be seen.
function values.rest(context, node, at, size, label, what, text)
	local item = node:add(context.family.own.rest, context.tvb(at, size))
	if label then
		item:prepend_text(label .. ": ")
	end
	values.note(context, node, item, what, text)
	return item
end

local function is_big(context, value)
	if value.order then
		return value.order == "big"
	end
	return context.big
end

-- A number as text.
local function number_text(context, value, at, size, big)
	local number = NUMBERS[value.kind]
	if size == 8 then
		local range = context.tvb(at, size)
		if number.signed then
			return tostring(big and range:int64() or range:le_int64())
		end
		return tostring(big and range:uint64() or range:le_uint64())
	end
	local read = number.signed and bytes.int or bytes.uint
	local found = read(context.data, at, size, big)
	return value.names and value.names[found] or ("%d"):format(found)
end

-- The names of the bits that are set, and the items of all bits.
local function add_bits(context, node, value, at, size, big)
	local half = math.min(size, 4)
	local low, high = at, at
	if size == 8 then
		low, high = big and at + 4 or at, big and at or at + 4
	end
	local names = {}
	for _, bit in ipairs(value.flags) do
		local place = bit.high and high or low
		if not bit.high or size == 8 then
			values.add(context, node, bit.handle, place, half, big)
			if bytes.has(bytes.uint(context.data, place, half, big), bit.mask) then
				names[#names + 1] = bit.label
			end
		end
	end
	return table.concat(names, ",")
end

local function add_number(context, node, value, at, size)
	local big = is_big(context, value)
	local item = values.add(context, node, value.handle, at, size, big)
	if value.flags then
		local names = add_bits(context, item or node, value, at, size, big)
		if item then
			item:append_text(" <" .. names .. ">")
		end
		return item, "<" .. names .. ">"
	end
	local text = number_text(context, value, at, size, big)
	-- Names that the field could not take, see fields.lua.
	if item and value.names and size == 8 and value.names[tonumber(text)] then
		text = value.names[tonumber(text)]
		item:append_text((" (%s)"):format(text))
	end
	return item, text
end

-- A text ends at its NUL. `fixed` is one in a struct, which may fill its place.
local function add_string(context, node, value, at, size, fixed)
	local payload = context.data:sub(at + 1, at + size)
	local nul = payload:find("\0", 1, true)
	local text = nul and payload:sub(1, nul - 1) or payload
	local item
	if is_wanted(context, value.handle) then
		if text == "" then
			item = node:add(value.handle, context.tvb(at, size), "")
		else
			item = node:add_packet_field(value.handle, context.tvb(at, #text), ENC_UTF_8)
		end
	end
	if not nul and not fixed and not value.unterminated then
		values.note(context, node, item, "length", value.label .. " does not end with a NUL")
	elseif nul and not fixed and payload:find("[^%z]", nul) then
		values.note(context, node, item, "length", value.label .. " goes on behind its NUL")
	elseif value.max and #text > value.max then
		values.note(context, node, item, "length",
			("%s has %d bytes, at most %d are allowed"):format(value.label, #text, value.max))
	end
	return item, bytes.printable(text)
end

-- The size that a value must have; nil where any will do.
local function size_of(value)
	local fixed = (NUMBERS[value.kind] or ADDRESSES[value.kind] or {}).size
	return fixed or value.exact
end

local function wrong_size(value, size)
	local right = size_of(value)
	if right then
		return size ~= right and ("%d"):format(right)
	elseif NUMBERS[value.kind] then
		return size ~= 4 and size ~= 8 and "4 or 8"
	elseif value.kind == "string" then
		return nil
	elseif value.min and size < value.min then
		return ("at least %d"):format(value.min)
	elseif value.max and size > value.max then
		return ("at most %d"):format(value.max)
	end
end

local add_struct

-- Adds a value of any kind that is not made of attributes. Returns its item, if
-- somebody looks at it, and a text for it, if it has a short one.
function values.add_value(context, node, value, at, size, fixed)
	local right = wrong_size(value, size)
	if right then
		local text = ("%s has %d bytes, not %s"):format(value.label, size, right)
		return values.rest(context, node, at, size, value.label, "length", text)
	end
	if NUMBERS[value.kind] then
		return add_number(context, node, value, at, size)
	elseif value.kind == "string" then
		return add_string(context, node, value, at, size, fixed)
	elseif value.kind == "struct" then
		return add_struct(context, node, value, at, size)
	end
	-- Addresses have one order everywhere.
	return values.add(context, node, value.handle, at, size, true)
end

-- The members that fit into `size` bytes; returns the bytes that they take.
function values.add_members(context, node, members, at, size)
	local done = 0
	for _, member in ipairs(members) do
		if done + member.size > size then
			break
		end
		values.add_value(context, node, member, at + done, member.size, true)
		done = done + member.size
	end
	return done
end

-- Kernels append members to structs: what is known is shown, the rest kept.
function add_struct(context, node, value, at, size)
	local item = values.add(context, node, value.handle, at, size, true)
	local below = item or node
	local done = values.add_members(context, below, value.members, at, size)
	local known = 0
	for _, member in ipairs(value.members) do
		known = known + member.size
	end
	if done < size then
		local text = size > known
				and ("%d bytes more than the specification knows"):format(size - known)
			or "A part of a member"
		values.rest(context, below, at + done, size - done, nil, "partial", text)
	elseif size < known then
		values.note(context, node, item, "partial",
			("%s has %d bytes, the specification knows %d"):format(value.label, size, known))
	end
	return item
end

return values

-- SPDX-License-Identifier: GPL-2.0-or-later
-- Kinds of values that are made of others: structs, arrays and nests.

local nl = ...
local values = nl.values
local kinds, keep = values.kinds, values.keep
local add_bytes = kinds.binary.add
local find, sub, append_text = string.find, string.sub, TreeItem.append_text

--------------------------------------------------------------------------------
-- Structs and arrays

kinds.struct = {
	least = 1,
	make = function(family, value, abbr)
		keep(family, value, ProtoField.none(abbr, value.label, value.doc))
		value.members, value.whole = {}, 0
		for i, member in ipairs(family.structs[value.struct]) do
			local made = {}
			for key, held in pairs(member) do
				made[key] = held
			end
			values.make(family, made, abbr .. "." .. member.name)
			for _, field in ipairs(made.fields) do
				value.fields[#value.fields + 1] = field
			end
			-- A bit-field behind another is in the same number.
			if made.before and made.before > 0 then
				value.members[i - 1].advance, value.whole = 0, value.whole - made.size
			end
			value.members[i], value.whole = made, value.whole + made.size
		end
	end,
	-- A kernel may know more or fewer members than the specification.
	add = add_bytes,
	below = function(context, item, value, at, size)
		local stop = at + size
		for _, member in ipairs(value.members) do
			if at + member.size > stop then
				break
			end
			values.add(context, item, member, at, member.size)
			at = at + (member.advance or member.size)
		end
		if at < stop then
			local rest = item:add(context.family.own.rest, context.tvb(at, stop - at))
			-- Some zeros are what the compiler fills a struct up with.
			local is_filling = stop - at < 8 and not find(sub(context.raw, at + 1, stop), "[^\0]")
			if context.visible and size > value.whole and not is_filling then
				append_text(rest, string.format(" [%d byte%s more]", stop - at, stop - at == 1 and "" or "s"))
			end
		end
	end,
}

-- A C array of numbers or structs: as many items of the one field.
kinds.array = {
	make = function(family, value, abbr)
		local element = value.element
		element.label, element.doc, element.fields = value.label, value.doc, value.fields
		values.make(family, element, abbr)
		value.step = element.most
	end,
	add = function(context, tree, value, at, size)
		return tree:add(context.tvb(at, size), value.label)
	end,
	below = function(context, item, value, at, size)
		local width = value.element.most
		for from = at, at + size - width, width do
			if not values.spend(context) then
				item:add_proto_expert_info(context.family.experts.too_many)
				break
			end
			values.add(context, item, value.element, from, width)
		end
	end,
}

--------------------------------------------------------------------------------
-- What holds attributes; attributes.lua goes into them

local function none(family, value, abbr)
	keep(family, value, ProtoField.none(abbr, value.label, value.doc))
end

kinds.nest = { make = none, holds = true }

-- Attributes whose numbers are places in an array.
kinds.indexed = {
	holds = true,
	make = function(family, value, abbr)
		local element = value.element
		if element.kind == "nest" then
			none(family, value, abbr)
			element.fields, element.least, element.most, element.step = {}, 0, math.huge, 1
			element.label = value.label
		else
			element.label, element.doc, element.fields = value.label, value.doc, value.fields
			values.make(family, element, abbr)
		end
	end,
}

-- Attributes in attributes whose numbers are values.
kinds.keyed = {
	holds = true,
	make = function(family, value, abbr)
		kinds.indexed.make(family, value, abbr)
		value.key_fields = {}
		for i, key in ipairs(value.keys) do
			value.key_fields[i] = keep(family, value,
				ProtoField.uint16(abbr .. "." .. key, key, base.DEC, nil, nil, "Stands as the attribute's number"))
		end
	end,
}

return {}

-- SPDX-License-Identifier: GPL-2.0-or-later
-- Shapes of messages. Most messages of a capture have the attributes of one before
-- them, at the same places, and differ in values only. So the form of a message that
-- was found sound is kept as a pattern for `string.find`, which is a fifth of the
-- work of going through the attributes, and with it where they stand.

local shapes = {}

local byte, find = string.byte, string.find

-- Longer messages are read one by one: their patterns would take more memory than
-- they save time.
local MAX_LENGTH = 4096

-- Shapes kept for an operation, and how many may be made before they have proven
-- useful: making one costs as much as using it twenty times saves.
local MAX_KEPT, FREE, PAYS = 64, 32, 8

-- Shapes of one length that are tried.
local MAX_OF_LENGTH = 8

-- The shapes of one operation in one direction, by the length of the message.
function shapes.cache()
	return { by_length = {}, kept = 0, made = 0, hits = 0 }
end

-- Whether one more may be made of a message of this length.
function shapes.may_learn(cache, length)
	return length <= MAX_LENGTH and cache.made < FREE + cache.hits / PAYS
end

local function literal(text)
	return (text:gsub("%p", "%%%0"))
end

-- A text may be shorter or longer as long as what is behind it stays in its place.
local function text_head(raw, at)
	local low = byte(raw, at + 1)
	local least = low - (low - 1) % 4
	if least < 5 or least + 3 > 255 then
		return literal(raw:sub(at + 1, at + 4))
	end
	local class = literal(string.char(least, least + 1, least + 2, least + 3))
	return "[" .. class .. "]" .. literal(raw:sub(at + 2, at + 4))
end

-- Makes the shape of a message that was read without a complaint.
function shapes.learn(cache, context)
	local raw, start, length = context.raw, context.at, context.stop - context.at
	local parts, texts, places, at = { "^" }, {}, {}, start
	for _, head in ipairs(context.heads) do
		parts[#parts + 1] = ("."):rep(head.at - at)
		local is_text = head.attr and head.attr.is_text
		if is_text and head.padded then
			parts[#parts + 1] = text_head(raw, head.at)
		else
			parts[#parts + 1] = literal(raw:sub(head.at + 1, head.at + 4))
		end
		if is_text then
			-- Of the length only the low byte differs.
			texts[#texts + 1], texts[#texts + 2] = head.at - start, byte(raw, head.at + 2) * 256
		end
		if head.attr then
			local list = places[head.attr] or {}
			places[head.attr] = list
			list[#list + 1], list[#list + 2] = head.at - start, head.size
		end
		at = head.at + 4
	end
	parts[#parts + 1] = ("."):rep(context.stop - at)
	if cache.kept >= MAX_KEPT then
		cache.by_length, cache.kept = {}, 0
	end
	cache.kept, cache.made = cache.kept + 1, cache.made + 1
	local shape = {
		pattern = table.concat(parts), texts = texts, places = places, irregular = context.irregular,
		seen = context.seen,
	}
	local others = cache.by_length[length] or {}
	cache.by_length[length] = others
	if #others == MAX_OF_LENGTH then
		others[#others] = nil
	end
	table.insert(others, 1, shape)
	return shape
end

-- The shape of the message at `at`, whose bytes were all captured; nil where none of
-- those that are known fits.
function shapes.of(cache, raw, at, length)
	local others = cache.by_length[length]
	local shape
	for i = 1, others and #others or 0 do
		if find(raw, others[i].pattern, at + 1) then
			shape = others[i]
			-- Those that are found often are looked at first.
			if i > 1 then
				others[i], others[i - 1] = others[i - 1], shape
			end
			break
		end
	end
	if not shape then
		return nil
	end
	local texts = shape.texts
	for i = 1, #texts, 2 do
		local from = at + texts[i]
		if byte(raw, from + texts[i + 1] + byte(raw, from + 1)) ~= 0 then
			return nil
		end
	end
	cache.hits = cache.hits + 1
	return shape
end

return shapes

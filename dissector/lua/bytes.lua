-- SPDX-License-Identifier: GPL-2.0-or-later
-- Numbers and texts from a string of bytes. A message is read from one Lua string:
-- Wireshark's own ranges cost five times as much, and are made only for what is
-- added to the tree. Offsets count from 0, as they do on the wire.

local bytes = {}

local byte, find, sub = string.byte, string.find, string.sub

-- Attributes and messages begin at multiples of four bytes.
function bytes.align(length)
	return length + -length % 4
end

function bytes.u16(raw, at, big)
	local a, b = byte(raw, at + 1, at + 2)
	if big then
		return a * 256 + b
	end
	return a + b * 256
end

function bytes.u32(raw, at, big)
	local a, b, c, d = byte(raw, at + 1, at + 4)
	if big then
		return ((a * 256 + b) * 256 + c) * 256 + d
	end
	return ((d * 256 + c) * 256 + b) * 256 + a
end

-- An unsigned number of 1 to 8 bytes. Lua 5.2 has doubles only: past 2^53 the
-- result is not exact, and `exact` is false.
function bytes.unsigned(raw, at, size, big)
	local value = 0.0
	for i = 1, size do
		value = value * 256 + byte(raw, big and at + i or at + size - i + 1)
	end
	return value, value < 2 ^ 53
end

-- Two's complement.
function bytes.signed(raw, at, size, big)
	local value, exact = bytes.unsigned(raw, at, size, big)
	local top = byte(raw, big and at + 1 or at + size)
	if top < 128 then
		return value, exact
	end
	-- The complement is small where the number is: -1 of eight bytes stays exact.
	local complement = 0.0
	for i = 1, size do
		complement = complement * 256 + 255 - byte(raw, big and at + i or at + size - i + 1)
	end
	return -complement - 1, complement < 2 ^ 53
end

-- A whole number without an exponent or a fraction, in Lua 5.2 and 5.4 alike.
function bytes.decimal(number)
	return string.format("%.0f", number)
end

-- Whether bit `bit` of a number of bytes is set; bits are counted from the least.
function bytes.bit(raw, at, size, big, bit)
	local index = math.floor(bit / 8)
	local octet = byte(raw, big and at + size - index or at + index + 1)
	return math.floor(octet / 2 ^ (bit % 8)) % 2 == 1
end

local function escape(octet)
	return string.format("\\x%02x", byte(octet))
end

-- A text from the wire, fit for a line that a terminal may print: one line, no
-- control bytes, at most `limit` bytes of it.
function bytes.printable(text, limit)
	local long = limit and #text > limit
	if long then
		text = text:sub(1, limit)
	end
	-- Nearly all need no change, and looking is a fifth of replacing.
	if find(text, "[^\32-\126]") then
		text = text:gsub("[^\32-\126]", escape)
	end
	return long and text .. "..." or text
end

-- The text before the first NUL from `at` to `stop`, and whether there is one.
function bytes.text(raw, at, stop)
	local nul = find(raw, "\0", at + 1, true)
	if nul and nul <= stop then
		return sub(raw, at + 1, nul - 1), true
	end
	return sub(raw, at + 1, stop), false
end

return bytes

-- SPDX-License-Identifier: GPL-2.0-or-later
-- Numbers and texts out of a message's bytes. A message is read as one Lua
-- string, which is many times faster than a TvbRange for each number.
--
-- Offsets count from 0, as Wireshark's do. Neither `//` nor bit operators: Lua
-- 5.2 (Wireshark 4.0) does not know them, and 5.4 (from 4.4 on) has no bit32.

local bytes = {}

-- The unsigned number of `size` bytes, at most 4, at `at`.
function bytes.uint(data, at, size, big)
	local a, b, c, d = data:byte(at + 1, at + size)
	if size == 1 then
		return a
	elseif size == 2 then
		return big and a * 256 + b or b * 256 + a
	elseif big then
		return ((a * 256 + b) * 256 + c) * 256 + d
	end
	return ((d * 256 + c) * 256 + b) * 256 + a
end

local HALF = { [1] = 0x80, [2] = 0x8000, [4] = 0x80000000 }

-- The signed number of `size` bytes, at most 4, at `at`.
function bytes.int(data, at, size, big)
	local value = bytes.uint(data, at, size, big)
	return value < HALF[size] and value or value - 2 * HALF[size]
end

-- Whether `value` has the bit `mask`, a power of 2.
function bytes.has(value, mask)
	return value % (2 * mask) >= mask
end

-- `length` with netlink's padding.
function bytes.align(length)
	return length + 3 - (length + 3) % 4
end

-- A text from the wire as a line of the tree may show it.
function bytes.printable(text)
	return (text:gsub("[^\32-\126]", function(char)
		return ("\\x%02x"):format(char:byte())
	end))
end

return bytes

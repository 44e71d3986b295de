-- SPDX-License-Identifier: GPL-2.0-or-later
-- What flags of a netlink header mean: the same bits mean one thing to a message that asks,
-- another to one that makes something, a third to one that removes it. docs/show.md has the
-- rule; the tables are those of nlcap.

local nl = ...
local netlink, tables = nl.netlink, nl.flag_tables
local byte = string.byte
local GENERIC, MIN_TYPE, ERROR, DONE = netlink.GENERIC, netlink.MIN_TYPE, netlink.ERROR, netlink.DONE

local flags = {}

local ROUTE, SOCK_DIAG, XFRM, NETFILTER, CRYPTO = 0, 4, 6, 12, 21

local VERBS = { [byte("g")] = "get", [byte("n")] = "new", [byte("d")] = "delete" }

local function verb_at(letters, number)
	return VERBS[byte(letters, number + 1)]
end

-- What a message of a protocol does by its number: "get", "new", "delete", or nil where that
-- does not say it, as in generic netlink.
function flags.verb(protocol, kind)
	if kind < MIN_TYPE then
		return nil
	elseif protocol == ROUTE then
		return verb_at(tables.route, kind % 4)
	elseif protocol == SOCK_DIAG then
		return kind < tables.sock_destroy and "get" or nil
	elseif protocol == XFRM then
		return verb_at(tables.xfrm, kind - MIN_TYPE)
	elseif protocol == CRYPTO then
		return verb_at(tables.crypto, kind - MIN_TYPE)
	elseif protocol == NETFILTER then
		local command = kind % 256
		return verb_at(tables.netfilter[(kind - command) / 256] or "", command)
	end
end

-- The first of the names of a get: both bits of a dump.
local DUMP = { tables.names.get[1] }

local function upper_names(protocol, kind, value, verb, is_dump)
	local all = tables.names
	if kind == ERROR then
		return all.error
	elseif kind == DONE then
		return all.done
	elseif verb == "get" and value % 2 == 1 then
		return all.get
	elseif verb and verb ~= "get" and (value % 0x400 < 0x300 or protocol ~= GENERIC) then
		return all[verb]
	end
	-- The bits of a dump that are both set are one, whatever else there is.
	return is_dump and DUMP or {}
end

-- The flags' names, lowest first, with bars between them: those of a message of a protocol that
-- does `verb`. A bit whose meaning is not known is given as it is.
function flags.names(protocol, kind, value, verb, is_dump)
	local names, left = {}, value
	local function take(known)
		for _, one in ipairs(known) do
			local bits = one[1]
			-- A dump is two bits, all others are one.
			local above = bits == 0x300 and 0x400 or 2 * bits
			if left % above >= bits then
				left = left - bits
				names[#names + 1] = one[2]
			end
		end
	end
	take(tables.names.common)
	take(upper_names(protocol, kind, value, verb, is_dump))
	local bit = 1
	while left > 0 do
		if left % (2 * bit) >= bit then
			left = left - bit
			names[#names + 1] = string.format("0x%x", bit)
		end
		bit = 2 * bit
	end
	return table.concat(names, "|")
end

return flags

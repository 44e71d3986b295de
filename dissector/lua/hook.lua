-- SPDX-License-Identifier: GPL-2.0-or-later
-- The way into a frame: before Wireshark's dissector of netlink, and after it. A
-- post-dissector would be called for every frame of every protocol, and would have to
-- ask for fields that cost all frames a tree.

local nl = ...
local bytes, netlink, notes, runtime = nl.bytes, nl.netlink, nl.notes, nl.runtime
local conversation, show, interest = nl.conversation, nl.show, nl.interest
local statistics = nl.statistics
local proto, experts = nl.exchange_fields.proto, nl.exchange_fields.experts
local byte = string.byte
local frame, GENERIC, MIN_TYPE = netlink.frame, netlink.GENERIC, netlink.MIN_TYPE
local types, families, infos = frame.type, frame.family, frame.info

-- Newer Wiresharks call it by another name.
local NETLINK = (rawget(_G, "wtap_encaps") or wtap).NETLINK
local encapsulations = DissectorTable.get("wtap_encap")
local original = encapsulations:get_dissector(NETLINK)
local dissect = original.call

-- Each item and range is an object that Lua has to finalize. When its collector begins is
-- left as it is, and with that how much all plugins' memory grows; but what it has begun it
-- ends at once: 2 or 3 % of the time, and less memory. All else that was tried costs time:
-- docs/benchmarks.md.
if _VERSION == "Lua 5.2" then
	collectgarbage("setstepmul", 4000)
end

local handle

local of_frame = runtime.of_frame

-- A number of preference, or the family that Wireshark named.
local function families_of_frame(tree)
	for i = 1, frame.count do
		local kind = types[i]
		if kind >= MIN_TYPE and not infos[i] then
			local family = families[i]
				or (kind > MIN_TYPE and frame.at[i] + netlink.HEADER < #frame.raw and runtime.preferred(kind))
			if family then
				local ok, message = pcall(of_frame, family, i, tree)
				if not ok then
					tree:add_proto_expert_info(family.experts.fault, bytes.printable(tostring(message), 200))
				end
			end
		end
	end
end

-- Whether somebody asks for anything of an exchange, and whether neither that nor what a
-- recorder wrote is asked for, and nobody looks.
local asked, idle = false, false

local function before(tvb, raw, tree, number, visible)
	frame.number, frame.visible = number, visible
	netlink.read(tvb, raw)
	if idle then
		frame.noted = nil
	else
		frame.noted, frame.is_quiet = notes.read(number, tree, visible, asked)
	end
end

local function after(pinfo, tree)
	if frame.protocol == GENERIC then
		families_of_frame(tree)
	end
	local number, noted = frame.number, frame.noted
	conversation.read(number, pinfo, noted and notes.owner(noted))
	local entries
	if asked or conversation.is_special() then
		entries = conversation.entries(number)
		show.tree(entries, pinfo, tree)
	end
	if entries or frame.count > 1 then
		show.columns(entries, pinfo)
	elseif infos[1] then
		local cols = pinfo.cols
		cols.info, cols.protocol = infos[1], families[1].name
	end
	if noted and not frame.is_quiet then
		notes.add(noted, tree)
	end
end

-- Where a frame is: with us, with Wireshark's own dissector after us, or with that alone.
local OURS, AFTER, THEIRS = 1, 2, 3
local place = OURS

local function look(tvb, pinfo, tree)
	local number, raw = pinfo.number, tvb:raw()
	local visible, anew = interest.frame(number, tree)
	if anew then
		handle = handle or Dissector.get("nlmsg")
		asked = visible or interest.in_protocol(tree, handle)
		idle = not asked and not statistics.listens and notes.idle(tree, visible)
	end
	if idle and byte(raw, 16) ~= GENERIC then
		local protocol, sequence, port, kind, flags = netlink.plain(raw)
		if protocol then
			conversation.read_plain(number, pinfo.rel_ts, protocol, sequence, port, kind, flags)
			place = THEIRS
			return dissect(original, tvb, pinfo, tree)
		end
	end
	before(tvb, raw, tree, number, visible)
	place = AFTER
	-- What it throws, of a frame that was cut, it has shown already.
	local whole, used = pcall(dissect, original, tvb, pinfo, tree)
	after(pinfo, tree)
	return whole and used
end

function proto.dissector(tvb, pinfo, tree)
	place = OURS
	local ok, used = pcall(look, tvb, pinfo, tree)
	if place == THEIRS then
		return ok and used or tvb:len()
	end
	if not ok then
		tree:add_proto_expert_info(experts.fault, bytes.printable(tostring(used), 200))
		used = place == OURS and dissect(original, tvb, pinfo, tree)
	end
	netlink.leave()
	return used or tvb:len()
end

function proto.init()
	conversation.begin()
	runtime.begin()
	notes.begin()
end

encapsulations:set(NETLINK, proto)

return {}

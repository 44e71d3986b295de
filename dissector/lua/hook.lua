-- SPDX-License-Identifier: GPL-2.0-or-later
-- The way into a frame: before Wireshark's dissector of netlink, and after it. A
-- post-dissector would be called for every frame of every protocol, and would have to
-- ask for fields that cost all frames a tree.

local nl = ...
local bytes, netlink, notes, runtime = nl.bytes, nl.netlink, nl.notes, nl.runtime
local conversation, show, interest = nl.conversation, nl.show, nl.interest
local proto, experts = nl.exchange_fields.proto, nl.exchange_fields.experts
local frame = netlink.frame

-- Newer Wiresharks call it by another name.
local NETLINK = (rawget(_G, "wtap_encaps") or wtap).NETLINK
local encapsulations = DissectorTable.get("wtap_encap")
local original = encapsulations:get_dissector(NETLINK)
local dissect = original.call

local handle

-- A number of preference, or the family that Wireshark named.
local function families_of_frame(tree)
	for i = 1, frame.count do
		local kind = frame.type[i]
		if kind >= netlink.MIN_TYPE and not frame.info[i] then
			local family = frame.family[i]
				or (kind > netlink.MIN_TYPE and frame.at[i] + netlink.HEADER < #frame.raw and runtime.preferred(kind))
			if family then
				local ok, message = pcall(runtime.of_frame, family, i, tree)
				if not ok then
					tree:add_proto_expert_info(family.experts.fault, bytes.printable(tostring(message), 200))
				end
			end
		end
	end
end

local function before(tvb, pinfo, tree)
	frame.number, frame.visible = pinfo.number, tree.visible
	interest.frame(frame.number, frame.visible)
	netlink.read(tvb)
	handle = handle or Dissector.get("nlmsg")
	frame.asked = frame.visible or interest.in_protocol(tree, handle)
	frame.noted, frame.is_quiet = notes.read(frame.number, tree, frame.visible, frame.asked)
end

local function after(pinfo, tree)
	if frame.protocol == netlink.GENERIC then
		families_of_frame(tree)
	end
	local number = frame.number
	conversation.read(number, pinfo, notes.owner(frame.noted))
	local entries
	if frame.asked or conversation.is_special() then
		entries = conversation.entries(number)
		show.tree(entries, pinfo, tree)
	end
	show.columns(entries, pinfo)
	if frame.noted and not frame.is_quiet then
		notes.add(frame.noted, tree)
	end
end

local function look(tvb, pinfo, tree)
	before(tvb, pinfo, tree)
	frame.entered = true
	-- What it throws, of a frame that was cut, it has shown already.
	local whole, used = pcall(dissect, original, tvb, pinfo, tree)
	after(pinfo, tree)
	return whole and used
end

function proto.dissector(tvb, pinfo, tree)
	frame.entered = false
	local ok, used = pcall(look, tvb, pinfo, tree)
	if not ok then
		tree:add_proto_expert_info(experts.fault, bytes.printable(tostring(used), 200))
		used = not frame.entered and dissect(original, tvb, pinfo, tree)
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

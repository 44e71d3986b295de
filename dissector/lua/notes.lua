-- SPDX-License-Identifier: GPL-2.0-or-later
-- What the recorder wrote into the frame's comment:
-- pid=812 tid=812 socket=3 owner=exact comm="ip"

local nl = ...
local bytes, interest = nl.bytes, nl.interest

local notes = {}

local recorder = Proto("nlcap", "Sender, as the recorder knows it")
local fields = {
	pid = ProtoField.uint32("nlcap.pid", "Process", base.DEC, nil, nil, "Thread-group id of the process"),
	tid = ProtoField.uint32("nlcap.tid", "Thread", base.DEC, nil, nil, "Id of the thread"),
	socket = ProtoField.uint32("nlcap.socket", "Socket", base.DEC, nil, nil, "The recorder's number of the socket"),
	owner = ProtoField.string("nlcap.owner", "Known", base.UNICODE, "How the recorder knows it: exact, or else"),
	comm = ProtoField.string("nlcap.comm", "Command", base.UNICODE, "The process's name"),
	more = ProtoField.string("nlcap.more", "Also", base.UNICODE, "KEY=VALUE that this dissector does not know"),
}
recorder.fields = { fields.pid, fields.tid, fields.socket, fields.owner, fields.comm, fields.more }
local NUMBERS = { pid = true, tid = true, socket = true }

-- Only a protocol with a dissector has a handle, by which one learns whether anything
-- of it is asked for.
function recorder.dissector() end
local handle

-- Wireshark makes the field of a comment only where somebody asks for it, and an
-- extractor of our own would cost each frame of each file a tree. So a tap asks, once
-- somebody asks for a field of ours; from the next frame on it is there. On Linux
-- tshark's command line says so before the first.
local tap
local function ask_for_comments()
	tap = tap or Listener.new("frame", "frame.comment")
end

local function command_line_asks()
	local file = io.open("/proc/self/cmdline", "rb")
	if not file then
		return false
	end
	local line = file:read(65536) or ""
	file:close()
	return line:find("nlcap.", 1, true) ~= nil or line:find("nlmsg.", 1, true) ~= nil
end

-- What was read of each frame. The window draws its rows without the taps, so that
-- what the first pass has seen must be kept; and what was taken apart, by its text.
local known, parsed = {}, {}

function notes.begin()
	known, parsed = {}, {}
	if gui_enabled() or command_line_asks() then
		ask_for_comments()
	end
end

local function unescape(text)
	return (text:gsub("\\(x?)(%x?%x?)(.?)", function(hex, digits, other)
		if hex == "x" and #digits == 2 then
			return string.char(tonumber(digits, 16)) .. other
		end
		return hex .. digits .. other
	end))
end

-- Takes a comment apart; nil where it is no recorder's.
local function parse(comment)
	if not comment:find("^pid=%d+ ") and not comment:find("^pid=%d+$") then
		return nil
	end
	if parsed[comment] then
		return parsed[comment]
	end
	local found = { comm = comment:match(' comm="(.*)"$'), more = {} }
	found.comm = found.comm and unescape(found.comm)
	local rest = comment:gsub(' comm=".*"$', "")
	for name, value in rest:gmatch("([%w_-]+)=(%S+)") do
		if NUMBERS[name] and value:find("^%d+$") and #value <= 9 then
			found[name] = tonumber(value)
		elseif name == "owner" then
			found.owner = value
		elseif #found.more < 16 then
			found.more[#found.more + 1] = name .. "=" .. value
		end
	end
	parsed[comment] = found
	return found
end

-- Whether nobody asks for what a recorder wrote, and nothing of it was ever seen.
function notes.idle(tree, visible)
	handle = handle or Dissector.get("nlcap")
	return not visible and not tap and not interest.in_protocol(tree, handle)
end

-- What the frame's comments say of the senders: a list, for a multicast has several;
-- nil where no recorder said anything; and whether nobody asks for it.
function notes.read(number, tree, visible, asked)
	if not visible then
		handle = handle or Dissector.get("nlcap")
		if asked or interest.in_protocol(tree, handle) then
			ask_for_comments()
		elseif not tap or known[number] ~= nil then
			return known[number] or nil, true
		end
	end
	-- Before the dissector of netlink there are only a frame's own fields. Without a tree, as in
	-- tshark's first pass of two, there are none, and to ask for them is an error.
	local infos = { pcall(all_field_infos) }
	if not infos[1] then
		return nil
	end
	local all
	for i = 2, #infos do
		local info = infos[i]
		if info.name == "frame.comment" then
			local found = parse(tostring(info.value))
			if found then
				all = all or {}
				all[#all + 1] = found
			end
		end
	end
	-- Where somebody looks, all comments are there.
	known[number] = all or (not visible and known[number]) or false
	return known[number] or nil
end

-- Stands for the owner of a message that several received.
notes.MULTICAST = "multicast"

-- The recorder's name of the socket that sent or received a message.
function notes.owner(all)
	local first = all and all[1]
	if first and first.owner == "group" then
		return notes.MULTICAST
	elseif first and first.pid and first.socket then
		return first.pid .. ":" .. first.socket
	end
end

function notes.add(all, tree)
	for _, found in ipairs(all) do
		local item = tree:add(recorder):set_generated()
		for _, name in ipairs({ "pid", "tid", "socket", "owner", "comm" }) do
			if found[name] then
				local text = type(found[name]) == "string" and bytes.printable(found[name], 256)
				item:add(fields[name], text or found[name]):set_generated()
			end
		end
		for _, text in ipairs(found.more) do
			item:add(fields.more, bytes.printable(text, 256)):set_generated()
		end
	end
end

return notes

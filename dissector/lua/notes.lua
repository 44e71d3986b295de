-- SPDX-License-Identifier: GPL-2.0-or-later
-- What the recorder wrote into the frame's comment:
-- pid=812 tid=812 socket=3 owner=exact comm="ip"

local nl = ...
local bytes = nl.bytes

local notes = {}

local recorder = Proto("nlcap", "Sender, as the recorder knows it")
local fields = {
	pid = ProtoField.uint32("nlcap.pid", "Process", base.DEC, nil, nil, "Thread-group id of the process"),
	tid = ProtoField.uint32("nlcap.tid", "Thread", base.DEC, nil, nil, "Id of the thread"),
	socket = ProtoField.uint32("nlcap.socket", "Socket", base.DEC, nil, nil, "The recorder's number of the socket"),
	owner = ProtoField.string("nlcap.owner", "Known", base.UNICODE, "How the recorder knows it: exact, or else"),
	comm = ProtoField.string("nlcap.comm", "Command", base.UNICODE, "The process's name"),
}
recorder.fields = { fields.pid, fields.tid, fields.socket, fields.owner, fields.comm }

local comment_of = Field.new("frame.comment")

local function unescape(text)
	return (text:gsub("\\(x?)(%x?%x?)(.?)", function(hex, digits, other)
		if hex == "x" and #digits == 2 then
			return string.char(tonumber(digits, 16)) .. other
		end
		return hex .. digits .. other
	end))
end

-- What the frame's comment says of the sender; nil where it is no recorder's.
function notes.read()
	for _, info in ipairs({ comment_of() }) do
		local comment = tostring(info.value)
		if comment:find("^pid=%d+ ") or comment:find("^pid=%d+$") then
			local found = { comm = comment:match(' comm="(.*)"$') }
			found.comm = found.comm and unescape(found.comm)
			local rest = comment:gsub(' comm=".*"$', "")
			for name, value in rest:gmatch("(%a+)=(%S+)") do
				if name == "owner" then
					found.owner = value
				elseif fields[name] and name ~= "comm" and value:find("^%d+$") and #value <= 9 then
					found[name] = tonumber(value)
				end
			end
			return found
		end
	end
end

function notes.add(found, tree)
	local item = tree:add(recorder)
	item:set_generated()
	for _, name in ipairs({ "pid", "tid", "socket", "owner", "comm" }) do
		if found[name] then
			local text = type(found[name]) == "string" and bytes.printable(found[name], 256)
			item:add(fields[name], text or found[name]):set_generated()
		end
	end
end

return notes

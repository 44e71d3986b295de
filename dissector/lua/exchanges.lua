-- SPDX-License-Identifier: GPL-2.0-or-later
-- Which answers belong to which request. An answer carries the request's sequence
-- number and the port id of the socket that asked; the request itself often carries
-- port 0, so its port is learnt from its first answer.

local nl = ...
local has, frame = nl.netlink.has, nl.netlink.frame

local exchanges = {}

-- Requests of one sequence number that wait for an answer; those before them are
-- given up. Programs that use one number for ever are the reason.
local MAX_OPEN = 64

-- Requests that answers are looked for are those of the last two generations, of so
-- many each. What is shown of the others stays.
local GENERATION = 2048

-- A request's bytes, for the names in an error, are kept up to this length of its
-- frame.
local MAX_BYTES = 8192

-- Frames of answers that a request lists.
local MAX_LISTED = 16

-- What is shown of an exchange stays for the whole file, in a list: a table with
-- names takes six times the memory, and Lua's collector goes through all of it.
local FRAME, TIME, FAMILY, OPERATION, COUNT, DONE, ERROR, ACK, FIRST, MORE, TYPE = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
local ENDS = { done = DONE, error = ERROR, ack = ACK }

-- The parts of what is shown, by name.
function exchanges.unpack(shown)
	local answers = {}
	if shown[FIRST] then
		answers[1] = shown[FIRST]
		for _, number in ipairs(shown[MORE] or {}) do
			answers[#answers + 1] = number
		end
	end
	return {
		frame = shown[FRAME], time = shown[TIME], family = shown[FAMILY] or nil,
		operation = shown[OPERATION] or nil, count = shown[COUNT], answers = answers,
		type = shown[TYPE], done = shown[DONE] or nil, error = shown[ERROR] or nil, ack = shown[ACK] or nil,
	}
end

-- Requests by protocol and sequence number, in one number: a request, or a list of
-- several.
local young, old, born

function exchanges.reset()
	young, old, born = {}, {}, 0
end
exchanges.reset()

-- What is known of a request as long as it may be answered, in a list too; the first
-- is what is shown of it. `BIG`, `RAW`, `AT` and `LENGTH` are its bytes: those of its
-- frame, the byte order, and where in them it is.
local SHOWN, KIND, FLAGS, PORT, OWNER, PROTOCOL, BIG, RAW, AT, LENGTH, OVER, LAST = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12

-- A request in frame `number`, the message `i` of the frame at hand. Returns what is
-- shown of it.
function exchanges.begin(i, number, time, owner)
	local shown = {
		number, time, frame.family[i], frame.operation[i], 0, false, false, false, false, false,
		frame.type[i],
	}
	local at, length, raw = frame.at[i], frame.length[i], frame.raw
	local request = {
		shown, frame.type[i], frame.flags[i], frame.port[i], owner or false, frame.protocol, frame.big,
		#raw <= MAX_BYTES and at + length <= #raw and raw, at, length, false, false,
	}
	if born >= GENERATION then
		young, old, born = {}, young, 0
	end
	born = born + 1
	local key = frame.protocol * 2 ^ 32 + frame.sequence[i]
	local others = young[key] or old[key]
	if not others then
		young[key] = request
		return shown
	end
	if not others.several then
		others = { others, several = true }
	end
	others[#others + 1] = request
	if #others > MAX_OPEN then
		table.remove(others, 1)
	end
	young[key] = others
	return shown
end

-- What an error's names come from: the bytes of a request, as long as they are kept,
-- and what it asked for.
function exchanges.asked(request)
	local raw, shown = request[RAW], request[SHOWN]
	return raw and raw:sub(request[AT] + 1, request[AT] + request[LENGTH]), {
		protocol = request[PROTOCOL], big = request[BIG], family = shown[FAMILY] or nil,
		operation = shown[OPERATION] or nil,
	}
end

-- Whether an answer can be a request's, beyond the numbers: generic netlink answers
-- with the request's own type, an error repeats it, and a recorder may know both
-- sockets.
local function may_be(request, kind, owner)
	if request[OWNER] and owner and request[OWNER] ~= owner then
		return false
	end
	return kind == nil or kind == request[KIND]
end

-- The request that a message from the kernel answers; nil for none. `kind` is the
-- request's type, where the answer tells it.
function exchanges.find(protocol, sequence, port, kind, owner)
	-- Port 0 is the kernel's own: a notification.
	if port == 0 then
		return nil
	end
	local key = protocol * 2 ^ 32 + sequence
	local others = young[key] or old[key]
	if not others then
		return nil
	end
	if not others.several then
		if others[PORT] == port then
			return others
		elseif others[PORT] == 0 and not others[OVER] and may_be(others, kind, owner) then
			others[PORT] = port
			return others
		end
		return nil
	end
	local unbound, ended
	for i = #others, 1, -1 do
		local request = others[i]
		if request[PORT] == port then
			if not request[OVER] then
				return request
			end
			ended = ended or request
		elseif request[PORT] == 0 and not request[OVER] and may_be(request, kind, owner) then
			unbound = request
		end
	end
	if unbound then
		unbound[PORT] = port
		return unbound
	end
	return ended
end

local function is_dump(flags)
	return has(flags, "ROOT") and has(flags, "MATCH")
end

local function finish(request)
	request[OVER], request[RAW] = true, false
end

-- Writes down that a request was answered by a message of a frame. `role` is
-- "answer", "done", "error" or "ack".
function exchanges.answer(request, role, number, flags)
	local shown = request[SHOWN]
	if role ~= "answer" then
		shown[ENDS[role]] = shown[ENDS[role]] or number
		return finish(request)
	end
	shown[COUNT] = shown[COUNT] + 1
	if not shown[FIRST] then
		shown[FIRST] = number
	elseif request[LAST] ~= number then
		local more = shown[MORE] or {}
		shown[MORE] = more
		if #more < MAX_LISTED - 1 then
			more[#more + 1] = number
		end
	end
	request[LAST] = number
	-- A dump ends with NLMSG_DONE, what asks for an acknowledgement with that.
	if not request[OVER] and not is_dump(request[FLAGS]) and not has(request[FLAGS], "ACK") and not has(flags, "MULTI") then
		finish(request)
	end
end

return exchanges

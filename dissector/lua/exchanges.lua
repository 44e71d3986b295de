-- SPDX-License-Identifier: GPL-2.0-or-later
-- Which answers belong to which request. An answer carries the request's sequence
-- number and the port id of the socket that asked; the request itself often carries
-- port 0, so its port is learnt from its first answer.

local nl = ...
local netlink = nl.netlink

local exchanges = {}

-- Requests of one sequence number that wait for an answer; those before them are
-- given up. Programs that use one number for ever are the reason.
local MAX_OPEN = 64

-- Requests that answers are looked for, waiting and answered ones; the oldest are
-- given up. What is shown of them stays.
local MAX_WAITING, MAX_OVER = 4096, 256

-- A request's bytes, for the names in an error, are kept up to this length.
local MAX_BYTES = 8192

-- Frames of answers that a request lists.
local MAX_LISTED = 16

-- What is shown of an exchange stays for the whole file, in a list: a table with
-- names takes six times the memory, and Lua's collector goes through all of it.
local FRAME, TIME, FAMILY, OPERATION, COUNT, DONE, ERROR, ACK, FIRST, MORE = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local ENDS = { done = DONE, error = ERROR, ack = ACK }

-- The parts of what is shown, by name.
function exchanges.unpack(shown)
	local answers = {}
	if shown[FIRST] then
		answers[1] = shown[FIRST]
		for _, frame in ipairs(shown[MORE] or {}) do
			answers[#answers + 1] = frame
		end
	end
	return {
		frame = shown[FRAME], time = shown[TIME], family = shown[FAMILY] or nil,
		operation = shown[OPERATION] or nil, count = shown[COUNT], answers = answers,
		done = shown[DONE] or nil, error = shown[ERROR] or nil, ack = shown[ACK] or nil,
	}
end

local open, waiting, over

-- The last requests of a kind, in a ring.
local function ring(size)
	return { size = size, next = 1 }
end

function exchanges.reset()
	open, waiting, over = {}, ring(MAX_WAITING), ring(MAX_OVER)
end
exchanges.reset()

local function key_of(protocol, sequence)
	return protocol * 2 ^ 32 + sequence
end

local function forget(request)
	local key = key_of(request.protocol, request.sequence)
	local others = open[key] or {}
	for i, other in ipairs(others) do
		if other == request then
			table.remove(others, i)
			break
		end
	end
	if #others == 0 then
		open[key] = nil
	end
end

-- Puts a request into a ring; that which falls out is given up, unless it is in the
-- other ring by now.
local function put(into, request)
	local oldest = into[into.next]
	if oldest and oldest.ring == into then
		forget(oldest)
	end
	into[into.next] = request
	request.ring = into
	into.next = into.next % into.size + 1
end

-- A request: what is known of it when it is seen. Returns what is shown of it.
function exchanges.begin(request, raw, frame, time)
	request.shown = {
		frame, time, request.family or false, request.operation or false, 0, false, false, false, false, false,
	}
	request.dump = netlink.has(request.flags, "ROOT") and netlink.has(request.flags, "MATCH")
	request.raw = raw and #raw <= MAX_BYTES and raw or nil
	local key = key_of(request.protocol, request.sequence)
	local others = open[key]
	if not others then
		others = {}
		open[key] = others
	end
	others[#others + 1] = request
	if #others > MAX_OPEN then
		table.remove(others, 1)
	end
	put(waiting, request)
	return request.shown
end

-- Whether an answer can be a request's, beyond the numbers: generic netlink answers
-- with the request's own type, an error repeats it, and a recorder may know both
-- sockets.
local function may_be(request, kind, owner)
	if request.owner and owner and request.owner ~= owner then
		return false
	end
	return kind == nil or kind == request.type
end

-- The request that a message from the kernel answers; nil for none. `kind` is the
-- request's type, where the answer tells it.
function exchanges.find(protocol, header, kind, owner)
	local others = open[key_of(protocol, header.sequence)]
	-- Port 0 is the kernel's own: a notification.
	if not others or header.port == 0 then
		return nil
	end
	local unbound, ended
	for i = #others, 1, -1 do
		local request = others[i]
		if request.port == header.port then
			if not request.over then
				return request
			end
			ended = ended or request
		elseif request.port == 0 and not request.over and may_be(request, kind, owner) then
			unbound = request
		end
	end
	if unbound then
		unbound.port = header.port
		return unbound
	end
	return ended
end

local function finish(request)
	if not request.over then
		request.over, request.raw = true, nil
		put(over, request)
	end
end

-- Writes down that a request was answered by a message of a frame. `role` is
-- "answer", "done", "error" or "ack".
function exchanges.answer(request, role, frame, flags)
	local shown = request.shown
	if role ~= "answer" then
		shown[ENDS[role]] = shown[ENDS[role]] or frame
		return finish(request)
	end
	shown[COUNT] = shown[COUNT] + 1
	if not shown[FIRST] then
		shown[FIRST] = frame
	elseif request.last ~= frame then
		local more = shown[MORE] or {}
		shown[MORE] = more
		if #more < MAX_LISTED - 1 then
			more[#more + 1] = frame
		end
	end
	request.last = frame
	if not request.dump and not netlink.has(request.flags, "ACK") and not netlink.has(flags, "MULTI") then
		finish(request)
	end
end

return exchanges

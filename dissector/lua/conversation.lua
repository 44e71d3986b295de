-- SPDX-License-Identifier: GPL-2.0-or-later
-- Which exchange each message of each frame belongs to. Errors, acknowledgements and
-- the ends of dumps come to no family's dissector, so they are found here, in the
-- frame.

local nl = ...
local netlink, errors, exchanges = nl.netlink, nl.errors, nl.exchanges
local frame, is_request, find = netlink.frame, netlink.is_request, exchanges.find
local types, flags, sequences, ports = frame.type, frame.flags, frame.sequence, frame.port
local MIN_TYPE, ERROR, DONE, GENERIC = netlink.MIN_TYPE, netlink.ERROR, netlink.DONE, netlink.GENERIC

local MULTICAST = nl.notes.MULTICAST

local conversation = {}

-- What was read of each frame, once, in the order of the file: what is shown of the
-- exchange of its only message, or a list of that for several; nil for none. The names
-- that errors are about, by frame. And the last frame that was read.
local exchange_of, names_of, read_to = {}, {}, 0

function conversation.begin()
	exchange_of, names_of, read_to = {}, {}, 0
	exchanges.reset()
end

-- An error or the end of a dump, taken apart; nil for other messages.
local function error_of(i)
	local kind = types[i]
	if kind ~= ERROR and kind ~= DONE then
		return nil
	end
	local at = frame.at[i]
	local raw = frame.raw:sub(at + 1, at + frame.length[i])
	return errors.parse(raw, { length = frame.length[i], type = kind, flags = frame.flags[i] }, frame.big)
end

-- What a message is to the exchange that it belongs to.
local function role_of(i, found)
	local kind = frame.type[i]
	if kind == ERROR then
		return found and found.errno == 0 and "ack" or "error"
	elseif kind == DONE then
		return found and found.errno and found.errno < 0 and "error" or "done"
	elseif netlink.is_request(i) then
		return "request"
	elseif frame.operation[i] and frame.operation[i].async then
		-- It may carry the numbers of the request that caused it.
		return "notification"
	end
	return "answer"
end

-- Finds the request of a message from the kernel that is neither an error nor an end;
-- what is shown of it.
local function read_plain_answer(i, number, time, owner)
	-- What a process multicasts, and what the kernel says by itself.
	if flags[i] % 2 == 1 or owner == MULTICAST or role_of(i) == "notification" then
		return nil
	end
	local request = find(frame.protocol, sequences[i], ports[i], types[i], flags[i], time, owner)
	if request then
		exchanges.answer(request, "answer", number, sequences[i], types[i], flags[i])
		return request[1]
	end
end

-- The same for an error or an end; and the names that it is about.
local function read_end(i, number, time, owner)
	local found = error_of(i)
	local request = owner ~= MULTICAST
		and find(frame.protocol, sequences[i], ports[i], types[i], flags[i], time, owner, found.original, found.copy)
	if not request then
		return nil
	end
	errors.explain(found, exchanges.asked(request))
	exchanges.answer(request, role_of(i, found), number, sequences[i], types[i], flags[i])
	return request[1], (found.bad or found.missing) and { bad = found.bad, missing = found.missing }
end

local function read_message(i, number, pinfo, owner)
	local kind = types[i]
	if kind < MIN_TYPE and kind ~= ERROR and kind ~= DONE then
		return nil
	elseif kind >= MIN_TYPE and is_request(i) then
		return exchanges.begin(i, number, pinfo.rel_ts, owner)
	elseif kind >= MIN_TYPE then
		return read_plain_answer(i, number, pinfo.rel_ts, owner)
	end
	local shown, names = read_end(i, number, pinfo.rel_ts, owner)
	if names then
		names_of[number] = names_of[number] or {}
		names_of[number][i] = names
	end
	return shown
end

-- Reads the frame at hand, if it was not read before. `owner` is the recorder's name
-- of the socket.
function conversation.read(number, pinfo, owner)
	if number <= read_to then
		return
	end
	read_to = number
	if frame.count == 1 then
		local shown
		if types[1] >= MIN_TYPE and not is_request(1) then
			-- What nearly all are, without the detour.
			shown = read_plain_answer(1, number, pinfo.rel_ts, owner)
		else
			shown = read_message(1, number, pinfo, owner)
		end
		if shown then
			exchange_of[number] = shown
		end
		return
	end
	local all, some = {}, false
	for i = 1, frame.count do
		all[i] = read_message(i, number, pinfo, owner) or false
		some = some or all[i]
	end
	exchange_of[number] = some and all or nil
end

-- The same for a frame whose only message is a plain one, as `netlink.plain` says.
function conversation.read_plain(number, time, protocol, sequence, port, kind, flags)
	if number <= read_to then
		return
	end
	read_to = number
	local request = flags % 2 == 0 and find(protocol, sequence, port, kind, flags, time)
	if request then
		exchanges.answer(request, "answer", number, sequence, kind, flags)
		exchange_of[number] = request[1]
	end
end

-- Whether the frame at hand has what stands in the columns and among the expert items
-- whoever looks.
function conversation.is_special()
	for i = 1, frame.count do
		local kind = types[i]
		if kind == ERROR or kind == DONE or flags[i] % 32 >= 16 then -- DUMP_INTR
			return true
		end
	end
	return false
end

-- What is known of the messages of the frame at hand: one entry for each request,
-- error and end, and for all answers to one request together.
function conversation.entries(number)
	local known, entries, seen = exchange_of[number], {}, {}
	for i = 1, frame.count do
		local shown = known and (frame.count == 1 and known or known[i]) or nil
		local found = error_of(i)
		local role = role_of(i, found)
		local is_answer = role == "answer" or role == "notification"
		if is_answer and netlink.has(frame.flags[i], "DUMP_INTR") or (found and netlink.has(frame.flags[i], "DUMP_INTR")) then
			entries.interrupted = true
		end
		local names = found and names_of[number] and names_of[number][i]
		if names then
			found.bad, found.missing = names.bad, names.missing
		end
		if (shown or found) and not (is_answer and seen[shown]) then
			if is_answer then
				seen[shown] = true
			end
			entries[#entries + 1] = {
				request = shown and exchanges.unpack(shown) or nil, role = role, at = frame.at[i], error = found,
			}
		end
	end
	return entries
end

-- Each message of the frame that was dissected last, for statistics: its role, its
-- family and operation, and where it answers something, when that was asked and its
-- exchange.
function conversation.messages(number)
	local known, all = exchange_of[number], {}
	for i = 1, frame.left do
		local shown = known and (frame.left == 1 and known or known[i]) or nil
		local kind = frame.type[i]
		if kind >= MIN_TYPE or kind == ERROR or kind == DONE then
			local role = role_of(i, error_of(i))
			local request = shown and exchanges.unpack(shown)
			all[#all + 1] = {
				role = role, type = request and request.type or kind, exchange = shown,
				family = request and request.family or frame.family[i],
				operation = request and request.operation or frame.operation[i],
				asked = role ~= "request" and role ~= "notification" and request and request.time or nil,
				interrupted = netlink.has(frame.flags[i], "DUMP_INTR") and role ~= "request",
			}
		end
	end
	return all
end

return conversation

-- SPDX-License-Identifier: GPL-2.0-or-later
-- Which exchange each message of each frame belongs to. Errors, acknowledgements and
-- the ends of dumps come to no family's dissector, so they are found here, in the
-- frame.

local nl = ...
local netlink, errors, exchanges, runtime = nl.netlink, nl.errors, nl.exchanges, nl.runtime
local frame, is_request, find = netlink.frame, netlink.is_request, exchanges.find
local types, flags, sequences, ports = frame.type, frame.flags, frame.sequence, frame.port
local MIN_TYPE, ERROR, DONE, CONNECTOR = netlink.MIN_TYPE, netlink.ERROR, netlink.DONE, netlink.CONNECTOR

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

-- Whether a message is an error or the end of a dump. The connector's own are of type DONE.
local function is_end(i)
	local kind = types[i]
	return (kind == ERROR or kind == DONE) and frame.protocol ~= CONNECTOR
end

-- An error or the end of a dump, taken apart; nil for other messages.
local function error_of(i)
	if not is_end(i) then
		return nil
	end
	local kind = types[i]
	local at = frame.at[i]
	local raw = frame.raw:sub(at + 1, at + frame.length[i])
	return errors.parse(raw, { length = frame.length[i], type = kind, flags = frame.flags[i] }, frame.big)
end

-- What a message is to the exchange that it belongs to.
local function role_of(i, found)
	if found then
		if types[i] == ERROR then
			return found.errno == 0 and "ack" or "error"
		end
		return found.errno and found.errno < 0 and "error" or "done"
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
	if kind < MIN_TYPE and not is_end(i) then
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
		if is_end(i) or flags[i] % 32 >= 16 then -- DUMP_INTR
			return true
		end
	end
	return frame.behind > 0
end

-- What an error says of a request that is not in the file, whose header it repeats: its family
-- and operation, and the names that it is about.
local function ask_error(found)
	local family, operation = runtime.asked(found.original, found.copy)
	errors.explain(found, nil, {
		protocol = frame.protocol, big = frame.big, family = family, operation = operation,
	})
	return { family = family, operation = operation, type = found.original.type }
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
				request = shown and exchanges.unpack(shown) or nil, role = role, at = frame.at[i], index = i,
				error = found, asked = not shown and found and found.original and ask_error(found) or nil,
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
		local kind, found = types[i], error_of(i)
		if kind >= MIN_TYPE or found then
			local role = role_of(i, found)
			local request = shown and exchanges.unpack(shown)
			local about = request or found and found.original and ask_error(found)
			all[#all + 1] = {
				role = role, type = about and about.type or kind, exchange = shown,
				family = about and about.family or frame.family[i],
				operation = about and about.operation or frame.operation[i],
				asked = role ~= "request" and role ~= "notification" and request and request.time or nil,
				interrupted = netlink.has(frame.flags[i], "DUMP_INTR") and role ~= "request",
			}
		end
	end
	return all
end

return conversation

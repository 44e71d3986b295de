-- SPDX-License-Identifier: GPL-2.0-or-later
-- Messages, times and errors by operation: `tshark -q -z nl_util,tree`, and in the
-- window Tools, Netlink operations.

local nl = ...
local netlink, conversation = nl.netlink, nl.conversation
local frame = netlink.frame

-- Whether somebody counts; once it is so it stays.
local statistics = { listens = false }

-- Names of netlink protocols (linux/netlink.h), for those without a family.
local PROTOCOLS = {
	[0] = "route", [2] = "usersock", [4] = "sock_diag", [5] = "nflog", [6] = "xfrm", [7] = "selinux",
	[8] = "iscsi", [9] = "audit", [10] = "fib_lookup", [11] = "connector", [12] = "netfilter",
	[15] = "kobject_uevent", [16] = "generic", [18] = "scsitransport", [20] = "rdma", [21] = "crypto", [22] = "smc",
}

local function name_of(family, operation, kind)
	if family then
		return family.name, operation and operation.label or "?"
	elseif frame.protocol == netlink.GENERIC and kind == netlink.MIN_TYPE then
		return "nlctrl", "-"
	end
	return PROTOCOLS[frame.protocol] or string.format("protocol %d", frame.protocol),
		kind >= netlink.MIN_TYPE and string.format("type %d", kind) or "-"
end

local function row_of(rows, entry)
	local family, operation = name_of(entry.family, entry.operation, entry.type)
	local key = family .. " " .. operation
	local row = rows[key]
	if not row then
		row = {
			family = family, operation = operation, request = 0, answer = 0, notification = 0, error = 0,
			ack = 0, done = 0, interrupted = 0, timed = 0, total = 0, least = math.huge, most = 0,
		}
		rows[key] = row
		rows[#rows + 1] = row
	end
	return row
end

-- Adds the frame that was dissected last.
local function count(rows, pinfo)
	if frame.number ~= pinfo.number then
		return
	end
	for _, entry in ipairs(conversation.messages(frame.number)) do
		local row = row_of(rows, entry)
		row[entry.role] = row[entry.role] + 1
		row.interrupted = row.interrupted + (entry.interrupted and 1 or 0)
		-- The time to the first answer, of whatever kind it is.
		if entry.asked and not rows.seen[entry.exchange] then
			rows.seen[entry.exchange] = true
			local time = (pinfo.rel_ts - entry.asked) * 1000
			row.timed, row.total = row.timed + 1, row.total + time
			row.least, row.most = math.min(row.least, time), math.max(row.most, time)
		end
	end
end

local COLUMNS = {
	{ "requests", "request" }, { "answers", "answer" }, { "notifications", "notification" }, { "acks", "ack" },
	{ "errors", "error" }, { "dump ends", "done" }, { "interrupted", "interrupted" },
}

local function text_of(rows)
	table.sort(rows, function(a, b)
		return a.family .. " " .. a.operation < b.family .. " " .. b.operation
	end)
	local widths = { 6, 9 }
	for _, row in ipairs(rows) do
		widths[1], widths[2] = math.max(widths[1], #row.family), math.max(widths[2], #row.operation)
	end
	local function line(first, second, others)
		local parts = { string.format("%-" .. widths[1] .. "s  %-" .. widths[2] .. "s", first, second) }
		for i, text in ipairs(others) do
			local name = COLUMNS[i] and COLUMNS[i][1] or "least ms"
			parts[#parts + 1] = string.format("%" .. math.max(#name, 8) .. "s", text)
		end
		return table.concat(parts, "  ")
	end
	local heads = {}
	for i, column in ipairs(COLUMNS) do
		heads[i] = column[1]
	end
	for _, head in ipairs({ "least ms", "mean ms", "most ms" }) do
		heads[#heads + 1] = head
	end
	local lines = { "Netlink operations; times are from a request to the first message that answers it", line("family", "operation", heads) }
	for _, row in ipairs(rows) do
		local cells = {}
		for i, column in ipairs(COLUMNS) do
			cells[i] = string.format("%d", row[column[2]])
		end
		local timed = row.timed > 0
		cells[#cells + 1] = timed and string.format("%.3f", row.least) or "-"
		cells[#cells + 1] = timed and string.format("%.3f", row.total / row.timed) or "-"
		cells[#cells + 1] = timed and string.format("%.3f", row.most) or "-"
		lines[#lines + 1] = line(row.family, row.operation, cells)
	end
	return table.concat(lines, "\n") .. "\n"
end

-- What the recorder put into the file was said by nobody. A tap that filters by a field
-- has it made, as the comments' own does not before it is asked for.
local SAID = '!(frame.comment == "added by nlcap")'

local function new_rows()
	return { seen = {} }
end

local function listen(show)
	statistics.listens = true
	local rows = new_rows()
	local tap = Listener.new("frame", SAID)
	function tap.packet(pinfo)
		count(rows, pinfo)
	end
	function tap.draw()
		show(text_of(rows))
	end
	function tap.reset()
		rows = new_rows()
	end
	return tap
end

register_stat_cmd_arg("nl_util,tree", function()
	listen(function(text)
		io.stdout:write("\n", text)
	end)
end)

if gui_enabled() then
	register_menu("Netlink operations", function()
		local window = TextWindow.new("Netlink operations")
		local tap = listen(function(text)
			window:set(text)
		end)
		window:set_atclose(function()
			tap:remove()
		end)
		retap_packets()
	end, MENU_TOOLS_UNSORTED)
end

return statistics

-- SPDX-License-Identifier: GPL-2.0-or-later
-- Wireshark's Lua API as far as the dissectors use it, and stricter. These are
-- errors: reading past the buffer, a field that is not registered or gets a value
-- of another type or size, an unknown name, what may only be done while loading done
-- in a callback and the other way round, and a buffer or an item kept for longer
-- than its frame.
--
-- This half is what a plugin registers while it is loaded; `frames.lua` is what its
-- callbacks get.

local mock = {
	ids = {}, families = {}, prefs = {}, statistics = {},
	protocols = {}, -- by their names
	known = {}, -- every abbreviation that exists
	loading = true, -- until the first frame
	current = nil, -- the frame at hand; its buffers and items are gone with it
}

local function while_loading(what)
	assert(mock.loading, what .. " may be called while loading only")
end

-- A table with these members and no others.
local function strict(name, members)
	return setmetatable(members, {
		__index = function(_, key)
			error(name .. " has no " .. tostring(key), 2)
		end,
		__newindex = function(_, key)
			error(name .. " has no " .. tostring(key), 2)
		end,
	})
end
mock.strict = strict

--------------------------------------------------------------------------------
-- Fields

local function name_it(abbr)
	assert(type(abbr) == "string" and abbr:find("%.") and not abbr:find("[^%w_.%-]"), "a bad field name")
	assert(not mock.known[abbr], abbr .. " is there twice")
	mock.known[abbr] = true
end

local function check_text(text, what)
	assert(text == nil or type(text) == "string", what .. " is not a text")
end

local BASES = { NONE = 0, DEC = 1, HEX = 2, UNICODE = 3 }
base = strict("base", BASES)

local function number_field(width)
	return function(abbr, label, shown, names, mask, doc)
		while_loading("ProtoField")
		name_it(abbr)
		assert(type(label) == "string" and #label > 0, abbr .. " has no label")
		assert(shown == base.DEC or (shown == base.HEX and names == nil), abbr .. " is shown wrongly")
		assert(names == nil or type(names) == "table")
		for number, text in pairs(names or {}) do
			assert(type(number) == "number" and number % 1 == 0 and type(text) == "string")
		end
		assert(mask == nil or type(mask) == "number")
		check_text(doc, "the description")
		return { kind = "number", width = width, abbr = abbr, is_field = true, masked = mask ~= nil }
	end
end

local function plain_field(kind, width, has_base)
	return function(abbr, label, ...)
		while_loading("ProtoField")
		name_it(abbr)
		assert(type(label) == "string" or label == nil)
		local doc = ...
		if has_base then
			local shown
			shown, doc = ...
			assert(shown == nil or shown == base.NONE or shown == base.UNICODE)
		end
		check_text(doc, "the description")
		return { kind = kind, width = width, abbr = abbr, is_field = true }
	end
end

ProtoField = strict("ProtoField", {
	uint8 = number_field(1), uint16 = number_field(2), uint32 = number_field(4), uint64 = number_field(8),
	int8 = number_field(1), int16 = number_field(2), int32 = number_field(4), int64 = number_field(8),
	bool = function(abbr, label, bits, names, mask, doc)
		while_loading("ProtoField")
		name_it(abbr)
		assert(bits == 8 or bits == 16 or bits == 32, abbr .. ": Wireshark 4.0 takes no mask of 64 bits")
		assert(mask >= 1 and mask < 2 ^ bits and mask % 1 == 0, abbr .. " has a bad mask")
		assert(#names == 2 and type(label) == "string")
		check_text(doc, "the description")
		return { kind = "bool", width = bits / 8, abbr = abbr, is_field = true }
	end,
	string = plain_field("string", nil, true), bytes = plain_field("bytes", nil, true),
	ether = plain_field("address", 6), ipv4 = plain_field("address", 4),
	ipv6 = plain_field("address", 16), guid = plain_field("address", 16),
	none = plain_field("none"),
	relative_time = plain_field("time"),
	framenum = function(abbr, label, shown, kind, mask, doc)
		while_loading("ProtoField")
		name_it(abbr)
		assert(shown == base.NONE and kind and mask == nil and type(label) == "string")
		check_text(doc, "the description")
		return { kind = "framenum", abbr = abbr, is_field = true }
	end,
})
frametype = strict("frametype", { NONE = 10, REQUEST = 1, RESPONSE = 2 })

expert = strict("expert", {
	group = strict("expert.group", {
		MALFORMED = 1, UNDECODED = 2, PROTOCOL = 3, RESPONSE_CODE = 4, SEQUENCE = 5,
	}),
	severity = strict("expert.severity", { CHAT = 0, NOTE = 1, WARN = 2, ERROR = 3 }),
})
ProtoExpert = strict("ProtoExpert", {
	new = function(abbr, text, group, severity)
		while_loading("ProtoExpert.new")
		name_it(abbr)
		assert(type(text) == "string" and group and severity)
		return { abbr = abbr, is_expert = true }
	end,
})
ENC_UTF_8 = 2

-- Fields of Wireshark's own: an extractor costs every frame of every file a tree, so
-- there is none. What stands in the tree already is listed, and that is a comment where
-- somebody looks or a tap asked for it before the frame.
Field = strict("Field", {})
function all_field_infos()
	local current = mock.current
	assert(current, "fields are listed outside a callback")
	assert(not current.treeless, "Cannot be called outside a listener or dissector")
	local infos = {}
	if current.visible or current.primed then
		for i, comment in ipairs(current.comments) do
			infos[i] = strict("FieldInfo", { name = "frame.comment", value = comment })
		end
	end
	return (table.unpack or unpack)(infos)
end
Listener = strict("Listener", {
	new = function(tap, filter)
		assert(tap == "frame")
		-- A filter has its fields made.
		mock.primed = true
		if filter == "frame.comment" then
			return {}
		end
		assert(filter == '!(frame.comment == "added by nlcap")', filter)
		mock.tap = {}
		return mock.tap
	end,
})
function register_stat_cmd_arg(name, call)
	while_loading("register_stat_cmd_arg")
	mock.statistics[name] = call
end
function gui_enabled()
	return mock.gui or false
end
wtap = { NETLINK = 158 }

NSTime = strict("NSTime", {
	new = function(seconds, nanoseconds)
		assert(seconds % 1 == 0 and nanoseconds % 1 == 0 and math.abs(nanoseconds) < 1e9, "a bad time")
		return { is_time = true, seconds = seconds + nanoseconds / 1e9 }
	end,
})
Pref = strict("Pref", {
	uint = function(label, value, doc)
		while_loading("Pref")
		assert(type(label) == "string" and type(value) == "number" and type(doc) == "string")
		return { default = value }
	end,
})

function set_plugin_info(info)
	assert(type(info.version) == "string")
end

--------------------------------------------------------------------------------
-- Protocols

local protocols = mock.protocols
function Proto(name, title)
	while_loading("Proto")
	assert(name:find("^[%l%d_]+$") and #title > 0 and not protocols[name], name .. " is a bad or second Proto")
	local proto = { name = name, title = title, is_proto = true }
	protocols[name] = proto
	local prefs = {}
	proto.prefs = setmetatable({}, {
		__newindex = function(_, key, pref)
			while_loading("prefs")
			prefs[key] = pref
		end,
		__index = function(_, key)
			local pref = assert(prefs[key], "no preference " .. key)
			local set = mock.prefs[name .. "." .. key]
			return set == nil and pref.default or set
		end,
	})
	return proto
end

-- A dissector by its name: that of a Proto which has one.
local handles = {}
Dissector = strict("Dissector", {
	get = function(name)
		local proto = protocols[name]
		assert(proto and proto.dissector, name .. " has no dissector")
		handles[name] = handles[name] or { is_handle = true, proto = proto }
		return handles[name]
	end,
})

-- Wireshark's own dissector of netlink, which hands messages to the families.
mock.built_in = strict("Dissector", {
	call = function(self, tvb, pinfo, tree)
		assert(tvb.is_tvb and rawget(pinfo, "number"))
		return mock.netlink(tvb, pinfo, tree)
	end,
})
local TABLES = {
	["genl.family"] = {
		add = function(_, family, proto)
			assert(not mock.families[family], family .. " has two dissectors")
			mock.families[family] = proto
		end,
	},
	wtap_encap = {
		get_dissector = function(_, number)
			assert(number == 158)
			return mock.hook or mock.built_in
		end,
		set = function(_, number, proto)
			assert(number == 158 and proto.dissector, "a table takes a Proto with a dissector")
			assert(not mock.hook, "the frame has two dissectors")
			mock.hook = proto
		end,
	},
}
DissectorTable = strict("DissectorTable", {
	get = function(name)
		while_loading("DissectorTable.get")
		return strict("DissectorTable " .. name, assert(TABLES[name], name))
	end,
})

return mock

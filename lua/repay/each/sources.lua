-- Where the calls of a run come from, and which of them is next.
--
-- A source has `next`, which gives a call, nil and an error where one could not be made, or nil
-- when there is none now; `exhausted`, which says that there will be none; and `drop`, which closes
-- what is at hand of the rest and says whether there was any. One that counts hosts is told of
-- calls that have `begun` and `ended`.
local errors = require "repay.error"
local native = require "repay.native.core"

local close_call = native.classes.call.close

local sources = {}

--- A function that gives one call after the other, which may come from a list or from an iterator.
function sources.pull_of(calls, level)
  if type(calls) == "function" then
    return calls
  end
  local callable = type(calls) == "table" and getmetatable(calls)
  if callable and type(callable) == "table" and callable.__call then
    return calls
  elseif type(calls) ~= "table" then
    error("repay.each: the calls must be a list or an iterator, got a " .. type(calls), level + 1)
  end
  local at = 0
  return function()
    at = at + 1
    return calls[at]
  end
end

--- Calls in the order in which `pull` gives them.
function sources.plain(pull)
  local source = { exhausted = false }

  function source.next()
    if source.exhausted then
      return nil
    end
    local call, err = pull()
    if call == nil then
      if errors.is(err) then
        return nil, err
      end
      source.exhausted = true
    end
    return call
  end

  function source.drop()
    local call, err = source.next()
    if native.is_open(call, "repay.call") then
      close_call(call)
    end
    return call ~= nil or err ~= nil
  end

  return source
end

--- The same with a limit for each host. Calls of a busy host wait aside, so many at most; then the
-- source waits too.
function sources.by_host(pull, per_host, aside_max)
  local all = sources.plain(pull)
  local source = { exhausted = false }
  local aside, under_way, host_of = {}, {}, {}

  local function has_room(call)
    return (under_way[native.host(call) or ""] or 0) < per_host
  end

  local function take_aside()
    for i = 1, #aside do
      if has_room(aside[i]) then
        return table.remove(aside, i)
      end
    end
    return nil
  end

  function source.next()
    local call, err = take_aside(), nil
    while call == nil and #aside < aside_max do
      call, err = all.next()
      if call == nil then
        break
      elseif not has_room(call) then
        aside[#aside + 1] = call
        call = nil
      end
    end
    source.exhausted = all.exhausted and #aside == 0
    return call, err
  end

  function source.begun(call)
    local host = native.host(call) or ""
    host_of[call] = host
    under_way[host] = (under_way[host] or 0) + 1
  end

  function source.ended(call)
    local host = host_of[call]
    host_of[call] = nil
    under_way[host] = under_way[host] - 1
  end

  function source.drop()
    local were_aside = #aside > 0
    for i = 1, #aside do
      close_call(aside[i])
    end
    aside = {}
    return all.drop() or were_aside
  end

  return source
end

return sources

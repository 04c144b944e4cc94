-- What the command's exit code says, and which of several it is. Pure: no command, no output.
--
-- A script branches on these, so each means one thing; which one an error gives is decided here and
-- nowhere else.
local exit = {}

exit.done = 0        -- all of it
exit.failed = 1      -- something failed, and nothing is uncertain
exit.usage = 2       -- the words, the files or the configuration are wrong; nothing was sent
exit.person = 3      -- a person has to look at a repayment
exit.credentials = 4 -- the provider does not let us in
exit.unavailable = 5 -- the provider could not be reached, or is not answering
exit.limits = 6      -- above a limit, or waiting for an approval
exit.journal = 7     -- the journal cannot be used
exit.again = 8       -- partly done; the same command again is safe and goes on
exit.interrupted = 130

--- The first that applies is the exit code of many results.
exit.precedence = { 130, 7, 3, 4, 6, 5, 8, 2, 1, 0 }

--- What each says, for people.
exit.meaning = {
  [0] = "done",
  [1] = "failed or refused, and nothing is uncertain",
  [2] = "wrong words, file or configuration; nothing was sent",
  [3] = "a person is needed: a repayment is ambiguous, absent, stale, or unknown past its time",
  [4] = "the provider does not let us in",
  [5] = "the provider cannot be reached, or does not answer",
  [6] = "above a limit, or waiting for an approval",
  [7] = "the journal cannot be used",
  [8] = "partly done, or not known yet; the same command again is safe and goes on",
  [130] = "interrupted; the repayment under way was finished, what was fetched is kept",
}

local BY_KIND = {
  invalid_argument = 2, config = 2, unsupported = 2, unsupported_phase = 2, duplicate_payment = 2,
  auth = 4, forbidden = 4,
  dns = 5, connect = 5, tls = 5, timeout = 5, connection_lost = 5, unavailable = 5,
  breaker_open = 5, rate_limited = 5,
  approval_required = 6, limit_exceeded = 6,
  journal = 7, journal_busy = 7, journal_corrupt = 7, journal_on_network_fs = 7,
}

--- The code of one error. A repayment that may have left is settled by running the command again,
--- which looks before it sends; the journal's commands judge by an entry's state instead.
function exit.of_error(err)
  if type(err) ~= "table" then
    return exit.failed
  elseif err.outcome == "unknown" and err.idempotency_key and BY_KIND[err.kind] ~= 7 then
    return exit.again
  end
  return BY_KIND[err.kind] or exit.failed
end

local BY_STATE = { planned = 6, approved = 8, sending = 8, refused = 1, rejected = 1, absent = 3 }
-- What the journal says is next for an entry, where a person has to do it.
local NEEDS_PERSON = { ask = true, stale = true }

--- The code of an entry in the journal: its state, and the action that journal:explain and
--- journal:recover name for it.
function exit.of_entry(state, action)
  if NEEDS_PERSON[action] then
    return exit.person
  elseif state == "unknown" then
    -- Past its settle time the lists are asked; if they do not decide, somebody has to.
    return action == "reconcile" and exit.person or exit.again
  end
  return BY_STATE[state] or exit.done
end

--- The code of many results: the first of the precedence that is among them.
function exit.worst(codes)
  local has = {}
  for _, code in ipairs(codes) do
    has[code] = true
  end
  for _, code in ipairs(exit.precedence) do
    if has[code] then
      return code
    end
  end
  return exit.done
end

return exit

-- What the journal's fixed words mean, for people. Programs branch on the words.
local words = {}

-- Why an entry stands where it stands, and why its next step is what it is.
words.why = {
  -- before it is sent
  planned = "planned",
  not_approved = "nobody has approved it",
  approved = "approved",
  within_limits = "approved by itself, within the limits",
  cancelled = "given up before it was sent",
  expired = "approved by nobody for too long",
  not_sent = "nothing of it has left",
  -- on its way
  claimed = "an attempt is on disk and may be anywhere",
  under_way = "another process has it under way",
  owner_died = "the process that sent it is gone, and the key makes a repetition safe",
  key_is_honoured = "the provider honours the key, so that it may be sent again",
  may_have_arrived = "no answer tells whether it arrived",
  may_arrive = "it may still arrive, or be listed",
  not_keyed = "an attempt may have arrived, and the provider's keys are not proven",
  window_over = "the provider may have forgotten the key",
  attempts_used = "all its attempts are used",
  clock_went_back = "this machine's clock went back",
  -- what the provider said
  accepted = "the provider acknowledged it",
  refused = "the provider refused it",
  rejected = "the provider took it in and rejected it",
  refused_after_doubt = "it was refused, but an earlier attempt may have arrived",
  key_was_seen_before = "the provider says that it has seen the key before",
  receipt_of_another = "the receipt is that of another repayment",
  -- what its lists say
  settled = "its time to settle is over; the provider's list can say more",
  new_record = "the provider's list has a new record of it",
  equal_id = "the provider's list has the receipt's id",
  repaid_list = "the provider's list of repaid transactions has it",
  not_verified = "acknowledged; the provider has not confirmed it yet",
  not_verified_in_time = "acknowledged long ago, and never confirmed",
  nothing_new = "the provider's list says nothing new",
  list_incomplete = "the provider's list is not complete",
  list_lags = "the provider's list does not show yet what was accepted",
  not_in_one_list = "one complete list is without it; a second one proves it absent",
  not_in_two_lists = "two complete lists are without it",
  list_cannot_decide = "the provider's list was read and cannot decide",
  list_cannot_show = "the provider was never seen to list what it accepted",
  account_moved = "it is not listed, but the account's balance moved",
  ambiguous = "a new row could be it, and could be something else",
  too_many_alike = "too many equal repayments are open at once",
  resolved = "a person decided",
  resolved_by_a_person = "a person decided",
  final = "nothing is left to do",
}

--- The sentence behind a word; the word itself where it is not known here.
function words.of(word)
  return words.why[word] or (tostring(word or ""):gsub("_", " "))
end

--- A moment as people and programs read it, in UTC to the second; nil stays nil.
function words.moment(unix_ms)
  return unix_ms and os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(unix_ms / 1000)) or nil
end

return words

-- What the reports say in words: the name of each figure, what it means, why one is missing.
--
-- One place, so that a page, a workbook and a terminal say the same. No provider is named: a
-- reason that only one of them gives is a word of its own, and read as the words it is made of.
local words = {}

words.figures = {
  total_due_minor = "Total due",
  paid_minor = "Paid",
  outstanding_minor = "Outstanding",
  overdue_minor = "Overdue",
  undated_minor = "Undated",
  outstanding_principal_minor = "Outstanding principal",
  outstanding_principal_low_minor = "Outstanding principal, low",
  collection_ppm = "Collection rate",
  ratio_ppm = "Portfolio at risk",
  ratio_low_ppm = "Portfolio at risk, low",
  late_loans = "Late loans",
  paid_loans = "Paid loans",
  loans_at_risk = "Loans at risk",
  numerator_minor = "Principal at risk",
  denominator_minor = "Principal measured",
  numerator_low_minor = "Principal at risk, low",
  denominator_low_minor = "Principal measured, low",
  buckets = "Ageing",
  next_due_minor = "Next due",
  next_due_date = "Next due date",
  days_late = "Days late",
}

local REASONS = {
  provider_does_not_tell = "the provider does not tell it",
  rows_with_unknown_amount = "some installments have an amount that is not known",
  rows_without_due_date = "some installments have no due date that can be read",
  denominator_is_zero = "there is no outstanding principal to divide by",
  schedules_tell_no_payment_dates = "schedules carry no payment dates, so nothing tells when money "
    .. "came in",
}

--- Where a provider tells no id of a loan.
words.no_id = "(no id)"

--- Why a figure is missing, as a part of a sentence.
function words.reason(word)
  return REASONS[word] or (tostring(word):gsub("_", " "))
end

--- The name of a figure as a heading has it.
function words.figure(name)
  return words.figures[name] or (name:gsub("_minor$", ""):gsub("_", " "))
end

--- "Portfolio at risk, 30 days"
function words.risk(days)
  return ("Portfolio at risk, %d days"):format(days)
end

local PERIODS = {
  day = "the day", week = "the week, which begins on Monday,", month = "the calendar month",
}

--- "by the calendar month of its due date"
function words.period(by)
  return "by " .. PERIODS[by] .. " of its due date"
end

words.terms = {
  { "Balances", "What the provider said on the day of the fetch. The day of the report moves only "
    .. "the comparison with due dates, never a balance." },
  { "Outstanding", "What is left of each installment, added up. Installments that are fully paid "
    .. "add nothing." },
  { "Overdue", "What is left of the installments that were due before the day of the report. What "
    .. "is due on that day is not late. It is also the amount that brings a loan current." },
  { "Days late", "The day of the report minus the due date; of a loan, that of its oldest late "
    .. "installment." },
  { "Outstanding principal", "Of each installment the smaller of its principal and of what is left "
    .. "of it. This is computed, and the highest it can be. The low figure takes what is left less "
    .. "interest and penalty." },
  { "Portfolio at risk", "The outstanding principal of loans with any installment more than the "
    .. "given number of days late, divided by the outstanding principal of all loans measured. "
    .. "Loans without the data are on neither side, and are counted apart." },
  { "Ageing by installment", "What is left of each installment, at that installment's own age." },
  { "Ageing by loan", "All that a loan has outstanding, at the age of its oldest late installment. "
    .. "It puts more into the older buckets than ageing by installment does." },
  { "Cash flow", "What is left of each installment, by due date. What is overdue stands apart and "
    .. "is not added to the first period, which begins on the day of the report." },
  { "Undated", "Outstanding amounts whose due date is missing or cannot be read. They are part of "
    .. "what is outstanding, and never of what is overdue." },
  { "Known part", "Where some installments have no known amount, the sum is left empty and the "
    .. "reason is given. The known part is the sum of the rest." },
  { "Currencies", "Each stands by itself. No two are ever added, and nothing is converted." },
}

return words

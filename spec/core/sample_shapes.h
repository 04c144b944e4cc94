/*
 * Three shapes as they are met: a flat list, a list inside an object, and a wide row with ids,
 * texts and moments. They mirror documented rows so that what is measured here is what will be
 * read, but they belong to the tests: the providers' own are in src/providers.
 */
#ifndef REPAY_SAMPLE_SHAPES_H
#define REPAY_SAMPLE_SHAPES_H

#include "body_read.h"

#define SAMPLE_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* 16 members, 93 bytes a row. */
static const struct repay_field sample_wide_fields[] = {
    REPAY_FIELD("id", REPAY_FIELD_UUID, REPAY_ROLE_ID, 0, "id"),
    REPAY_FIELD("repaymentAmount", REPAY_FIELD_AMOUNT, REPAY_ROLE_NONE, 16, "repayment_amount"),
    REPAY_FIELD("principalBalance", REPAY_FIELD_AMOUNT, REPAY_ROLE_LOAN_PRINCIPAL, 24,
                "principal_balance"),
    REPAY_FIELD("totalBalance", REPAY_FIELD_AMOUNT, REPAY_ROLE_LOAN_BALANCE, 32, "total_balance"),
    REPAY_FIELD("totalPayable", REPAY_FIELD_AMOUNT, REPAY_ROLE_TOTAL_DUE, 40, "total_due"),
    REPAY_FIELD("creationDate", REPAY_FIELD_MOMENT, REPAY_ROLE_CREATED, 48, "creation_date"),
    REPAY_FIELD("loanRepaymentMethodEnum", REPAY_FIELD_TEXT, REPAY_ROLE_NONE, 56, "method"),
    REPAY_FIELD("accountProductName", REPAY_FIELD_TEXT, REPAY_ROLE_NONE, 60, "account_product"),
    REPAY_FIELD("customerName", REPAY_FIELD_TEXT, REPAY_ROLE_NONE, 64, "customer_name"),
    REPAY_FIELD("email", REPAY_FIELD_TEXT, REPAY_ROLE_NONE, 68, "email"),
    REPAY_FIELD("loanProductName", REPAY_FIELD_TEXT, REPAY_ROLE_NONE, 72, "loan_product"),
    REPAY_FIELD("paymentDueDate", REPAY_FIELD_DAY, REPAY_ROLE_DUE_DATE, 76, "due_date"),
    REPAY_FIELD("installmentCount", REPAY_FIELD_COUNT, REPAY_ROLE_NUMBER, 80, "number"),
    REPAY_FIELD("accountId", REPAY_FIELD_TEXT, REPAY_ROLE_LOAN_ID, 84, "loan_id"),
    REPAY_FIELD("loanApplicationId", REPAY_FIELD_TEXT, REPAY_ROLE_NONE, 88, "loan_application_id"),
    REPAY_FIELD("loanAmountPaid", REPAY_FIELD_FLAG, REPAY_ROLE_IS_PAID, 92, "is_loan_paid"),
};

static const struct repay_layout sample_wide_layout = {
    .provider = "sample",
    .name = "wide",
    .fields = sample_wide_fields,
    .field_count = SAMPLE_COUNT(sample_wide_fields),
    .row_width = 93,
    .paid_flag_is_status = true,
    .total_due_rule = REPAY_AMOUNT_GIVEN,
    .paid_rule = REPAY_AMOUNT_NOT_TOLD,
    .outstanding_rule = REPAY_AMOUNT_ZERO_IF_PAID,
    .identity = REPAY_IDENTITY_ROW_ID,
};

/* 11 members, 72 bytes a row. */
static const struct repay_field sample_flat_fields[] = {
    REPAY_FIELD("principal_amount", REPAY_FIELD_AMOUNT, REPAY_ROLE_PRINCIPAL, 0, "principal"),
    REPAY_FIELD("interest_amount", REPAY_FIELD_AMOUNT, REPAY_ROLE_INTEREST, 8, "interest"),
    REPAY_FIELD("penalty_amount", REPAY_FIELD_AMOUNT, REPAY_ROLE_PENALTY, 16, "penalty"),
    REPAY_FIELD("penalty_paid", REPAY_FIELD_AMOUNT, REPAY_ROLE_PENALTY_PAID, 24, "penalty_paid"),
    REPAY_FIELD("total_due", REPAY_FIELD_AMOUNT, REPAY_ROLE_TOTAL_DUE, 32, "total_due"),
    REPAY_FIELD("total_outstanding", REPAY_FIELD_AMOUNT, REPAY_ROLE_REMAINING, 40,
                "total_outstanding"),
    REPAY_FIELD("balance", REPAY_FIELD_AMOUNT, REPAY_ROLE_OUTSTANDING, 48, "balance"),
    REPAY_FIELD("loan_id", REPAY_FIELD_TEXT, REPAY_ROLE_LOAN_ID, 56, "loan_id"),
    REPAY_FIELD("repayment_date", REPAY_FIELD_DAY, REPAY_ROLE_DUE_DATE, 60, "due_date"),
    REPAY_FIELD("month", REPAY_FIELD_COUNT, REPAY_ROLE_NUMBER, 64, "number"),
    REPAY_FIELD("status", REPAY_FIELD_TEXT, REPAY_ROLE_STATUS, 68, "provider_status"),
};

static const struct repay_status_word sample_flat_words[] = {
    {"active on schedule", REPAY_STATUS_PENDING},
    {"paid", REPAY_STATUS_PAID},
    {"overdue", REPAY_STATUS_OVERDUE},
    {NULL, REPAY_STATUS_UNKNOWN},
};

static const struct repay_layout sample_flat_layout = {
    .provider = "sample",
    .name = "flat",
    .fields = sample_flat_fields,
    .field_count = SAMPLE_COUNT(sample_flat_fields),
    .row_width = 72,
    .total_due_rule = REPAY_AMOUNT_GIVEN,
    .paid_rule = REPAY_AMOUNT_TOTAL_MINUS_OUTSTANDING,
    .outstanding_rule = REPAY_AMOUNT_GIVEN,
    .identity = REPAY_IDENTITY_LOAN_NUMBER,
    .status_words = sample_flat_words,
};

/* 6 members, 40 bytes a row. */
static const struct repay_field sample_inner_fields[] = {
    REPAY_FIELD("principalDue", REPAY_FIELD_AMOUNT, REPAY_ROLE_PRINCIPAL, 0, "principal"),
    REPAY_FIELD("interestDue", REPAY_FIELD_AMOUNT, REPAY_ROLE_INTEREST, 8, "interest"),
    REPAY_FIELD("totalDue", REPAY_FIELD_AMOUNT, REPAY_ROLE_TOTAL_DUE, 16, "total_due"),
    REPAY_FIELD("paidAmount", REPAY_FIELD_AMOUNT, REPAY_ROLE_PAID, 24, "paid"),
    REPAY_FIELD("dueDate", REPAY_FIELD_DAY, REPAY_ROLE_DUE_DATE, 32, "due_date"),
    REPAY_FIELD("status", REPAY_FIELD_TEXT, REPAY_ROLE_STATUS, 36, "provider_status"),
};

static const struct repay_status_word sample_inner_words[] = {
    {"unpaid", REPAY_STATUS_PENDING},
    {"paid", REPAY_STATUS_PAID},
    {"partially paid", REPAY_STATUS_PARTIAL},
    {"overdue", REPAY_STATUS_OVERDUE},
    {NULL, REPAY_STATUS_UNKNOWN},
};

static const struct repay_layout sample_inner_layout = {
    .provider = "sample",
    .name = "inner",
    .fields = sample_inner_fields,
    .field_count = SAMPLE_COUNT(sample_inner_fields),
    .row_width = 40,
    .loan_id_is_subject = true,
    .number_is_position = true,
    .amounts_beat_words = true,
    .total_due_rule = REPAY_AMOUNT_PRINCIPAL_PLUS_INTEREST,
    .paid_rule = REPAY_AMOUNT_GIVEN,
    .outstanding_rule = REPAY_AMOUNT_TOTAL_MINUS_PAID,
    .identity = REPAY_IDENTITY_POSITION,
    .status_words = sample_inner_words,
};

static const char *const sample_wide_envelope[] = {"status", "message", NULL};
static const char *const sample_wide_inside[] = {"content", "items", "list",
                                                 "records", "data",  NULL};
static const char *const sample_flat_envelope[] = {"status", "response_code", "error", "message",
                                                   NULL};
static const char *const sample_inner_envelope[] = {"status", "message", "errors", "data", NULL};
static const char *const sample_inner_inside[] = {"schedule", NULL};

static const struct repay_shape sample_wide = {
    .layout = &sample_wide_layout,
    .envelope = sample_wide_envelope,
    .rows_member = "data",
    .rows_inside = sample_wide_inside,
    .rows_member_is_list = true,
};

static const struct repay_shape sample_flat = {
    .layout = &sample_flat_layout,
    .envelope = sample_flat_envelope,
    .rows_member = "data",
    .rows_member_is_list = true,
    .object_is_row = true,
};

static const struct repay_shape sample_inner = {
    .layout = &sample_inner_layout,
    .envelope = sample_inner_envelope,
    .rows_member = "data",
    .rows_inside = sample_inner_inside,
    .rows_member_is_list = true,
};

#endif

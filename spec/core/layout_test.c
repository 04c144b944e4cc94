/*
 * Look-ups in layouts, and what makes a field table a sound one.
 */
#include "layout.h"

#include "check.h"
#include "sample_shapes.h"

static const struct repay_layout *const layouts[] = {&sample_wide_layout, &sample_flat_layout,
                                                     &sample_inner_layout};

static void finds_fields(void)
{
    const struct repay_layout *layout = &sample_flat_layout;
    CHECK(repay_layout_role(layout, REPAY_ROLE_OUTSTANDING) == &sample_flat_fields[6]);
    CHECK(repay_layout_role(layout, REPAY_ROLE_PAID) == NULL);
    CHECK(repay_layout_field(layout, REPAY_TEXT("due_date")) == &sample_flat_fields[8]);
    CHECK(repay_layout_field(layout, REPAY_TEXT("repayment_date")) == NULL);
    CHECK(repay_layout_field(layout, REPAY_TEXT("")) == NULL);
}

static void columns_follow_each_other(void)
{
    for (size_t i = 0; i < SAMPLE_COUNT(layouts); i++) {
        size_t at = 0;
        size_t width = 16;
        CHECK_CASE(layouts[i]->name);
        CHECK(layouts[i]->field_count <= REPAY_FIELDS_MAX);
        for (unsigned j = 0; j < layouts[i]->field_count; j++) {
            const struct repay_field *field = &layouts[i]->fields[j];
            CHECK_INT(field->at, at);
            CHECK(repay_field_width(field->type) <= width);
            CHECK_INT(field->json_length, strlen(field->json_name));
            CHECK_INT(strlen(field->key), field->json_length + 3);
            CHECK(memcmp(field->key + 1, field->json_name, field->json_length) == 0);
            width = repay_field_width(field->type);
            at += width;
        }
        CHECK_INT(layouts[i]->row_width, at);
    }
    CHECK_CASE(NULL);
}

static void knows_widths(void)
{
    CHECK_INT(repay_field_width(REPAY_FIELD_UUID), 16);
    CHECK_INT(repay_field_width(REPAY_FIELD_AMOUNT), 8);
    CHECK_INT(repay_field_width(REPAY_FIELD_MOMENT), 8);
    CHECK_INT(repay_field_width(REPAY_FIELD_DAY), 4);
    CHECK_INT(repay_field_width(REPAY_FIELD_COUNT), 4);
    CHECK_INT(repay_field_width(REPAY_FIELD_TEXT), 4);
    CHECK_INT(repay_field_width(REPAY_FIELD_FLAG), 1);
}

static enum repay_status status_of(const char *word)
{
    return repay_layout_status(&sample_inner_layout, repay_text_of(word));
}

static void folds_status_words(void)
{
    CHECK_INT(status_of("UNPAID"), REPAY_STATUS_PENDING);
    CHECK_INT(status_of("unpaid"), REPAY_STATUS_PENDING);
    CHECK_INT(status_of(" Paid\t"), REPAY_STATUS_PAID);
    CHECK_INT(status_of("PARTIALLY_PAID"), REPAY_STATUS_PARTIAL);
    CHECK_INT(status_of("Partially - Paid"), REPAY_STATUS_PARTIAL);
    CHECK_INT(status_of("--overdue__"), REPAY_STATUS_OVERDUE);
    CHECK_INT(status_of("PARTIALLYPAID"), REPAY_STATUS_UNKNOWN);
    CHECK_INT(status_of("paid."), REPAY_STATUS_UNKNOWN);
    CHECK_INT(status_of("un paid"), REPAY_STATUS_UNKNOWN);
    CHECK_INT(status_of(""), REPAY_STATUS_UNKNOWN);
    CHECK_INT(status_of("a word that is longer than any that a provider lists, by far and more"),
              REPAY_STATUS_UNKNOWN);
    CHECK_INT(repay_layout_status(&sample_wide_layout, REPAY_TEXT("paid")), REPAY_STATUS_UNKNOWN);
}

static void names_statuses(void)
{
    CHECK_TEXT(repay_status_name(REPAY_STATUS_PENDING), "pending");
    CHECK_TEXT(repay_status_name(REPAY_STATUS_PARTIAL), "partial");
    CHECK_TEXT(repay_status_name(REPAY_STATUS_PAID), "paid");
    CHECK_TEXT(repay_status_name(REPAY_STATUS_OVERDUE), "overdue");
    CHECK_TEXT(repay_status_name(REPAY_STATUS_UNKNOWN), "unknown");
}

int main(void)
{
    finds_fields();
    columns_follow_each_other();
    knows_widths();
    folds_status_words();
    names_statuses();
    return CHECK_REPORT();
}

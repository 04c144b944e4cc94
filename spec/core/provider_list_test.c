/*
 * Every provider's tables fit the arrays that are indexed by them, and every layout is sound.
 *
 * The ceilings are of arrays in calls, sessions and envelopes; a table that outgrew one would be
 * written past its end, and no compiler would say so.
 */
#include "provider.h"

#include "check.h"

static void check_layout(const struct repay_layout *layout)
{
    size_t at = 0, width = 16;

    CHECK_CASE(layout->name);
    CHECK(layout->field_count > 0 && layout->field_count <= REPAY_FIELDS_MAX);
    for (unsigned i = 0; i < layout->field_count; i++) {
        const struct repay_field *field = &layout->fields[i];
        size_t own = repay_field_width((enum repay_field_type)field->type);

        /* Widest first and one behind the other: so every column is aligned. */
        CHECK(own <= width);
        CHECK_INT(field->at, at);
        CHECK_INT(field->json_length, strlen(field->json_name));
        CHECK(repay_layout_field(layout, repay_text_of(field->name)) == field);
        if (field->role != REPAY_ROLE_NONE)
            CHECK(repay_layout_role(layout, (enum repay_role)field->role) == field);
        width = own;
        at += own;
    }
    CHECK_INT(layout->row_width, at);
    CHECK(repay_layout_find(repay_text_of(layout->provider), repay_text_of(layout->name)) ==
          layout);
}

static void check_shape(const struct repay_shape *shape)
{
    size_t members = 0;

    while (shape->envelope[members])
        members++;
    CHECK(members > 0 && members <= REPAY_ENVELOPE_MAX);
    if (shape->layout)
        check_layout(shape->layout);
}

static void check_operation(const struct repay_operation *operation)
{
    size_t parameters = 0, subjects = 0;

    CHECK_CASE(operation->name);
    for (; operation->parameters[parameters].name; parameters++)
        subjects += operation->parameters[parameters].is_subject;
    CHECK(parameters <= REPAY_PARAMETERS_MAX);
    CHECK_INT(subjects, 1);
    CHECK(operation->build != NULL && operation->judge != NULL);
    check_shape(operation->shape);
}

static void check_provider(const struct repay_provider *provider)
{
    size_t hosts = 0, settings = 0;

    CHECK_CASE(provider->name);
    CHECK(repay_provider_find(repay_text_of(provider->name)) == provider);
    while (provider->hosts[hosts].base_url)
        hosts++;
    CHECK(hosts <= REPAY_HOSTS_MAX);
    while (provider->settings[settings].name)
        settings++;
    CHECK(settings <= REPAY_SETTINGS_MAX);
    CHECK(provider->operations[0].name != NULL);
    for (size_t i = 0; provider->operations[i].name; i++)
        check_operation(&provider->operations[i]);
}

int main(void)
{
    CHECK(repay_providers[0] != NULL);
    for (size_t i = 0; repay_providers[i]; i++)
        check_provider(repay_providers[i]);
    CHECK_CASE(NULL);
    CHECK(repay_provider_find(REPAY_TEXT("nobody")) == NULL);
    CHECK(repay_layout_find(REPAY_TEXT("nobody"), REPAY_TEXT("schedule")) == NULL);
    return CHECK_REPORT();
}

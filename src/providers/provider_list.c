/*
 * Owns the list of providers: the only file outside src/providers, fixtures and sandbox dialects
 * that names them.
 */
#include "provider.h"

extern const struct repay_provider repay_provider_carbon;
extern const struct repay_provider repay_provider_fincode;
extern const struct repay_provider repay_provider_pezesha;

const struct repay_provider *const repay_providers[] = {
    &repay_provider_carbon,
    &repay_provider_fincode,
    &repay_provider_pezesha,
    NULL,
};

const struct repay_provider *repay_provider_find(struct repay_text name)
{
    for (unsigned i = 0; repay_providers[i]; i++) {
        if (repay_text_is(name, repay_providers[i]->name))
            return repay_providers[i];
    }
    return NULL;
}

const struct repay_operation *repay_operation_find(const struct repay_provider *provider,
                                                   struct repay_text name)
{
    for (unsigned i = 0; provider->operations[i].name; i++) {
        if (repay_text_is(name, provider->operations[i].name))
            return &provider->operations[i];
    }
    return NULL;
}

const struct repay_layout *repay_layout_find(struct repay_text provider, struct repay_text layout)
{
    const struct repay_provider *found = repay_provider_find(provider);

    if (!found)
        return NULL;
    for (unsigned i = 0; found->operations[i].name; i++) {
        const struct repay_layout *candidate = found->operations[i].shape->layout;
        if (candidate && repay_text_is(layout, candidate->name))
            return candidate;
    }
    return NULL;
}

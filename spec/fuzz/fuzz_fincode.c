/*
 * Any body under any status as Fincode's answer: see judge_support.h for what must hold.
 */
#include "judge_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return judge_input("fincode", data, size);
}

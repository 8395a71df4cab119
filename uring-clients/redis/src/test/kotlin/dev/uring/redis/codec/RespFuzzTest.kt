package dev.uring.redis.codec

import dev.uring.fuzz.fuzzes
import io.kotest.core.spec.style.FunSpec

/** [RespFuzz] over the inputs that are kept, and under a fuzzer for a while. */
class RespFuzzTest :
    FunSpec({
        fuzzes(RespFuzz::class.java, RespFuzz::fuzzerTestOneInput, kept = 20, runs = 30_000)
    })

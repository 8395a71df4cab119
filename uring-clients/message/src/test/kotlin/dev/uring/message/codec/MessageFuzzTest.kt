package dev.uring.message.codec

import dev.uring.fuzz.fuzzes
import io.kotest.core.spec.style.FunSpec

/** [MessageFuzz] over the inputs that are kept, and under a fuzzer for a while. */
class MessageFuzzTest :
    FunSpec({
        fuzzes(MessageFuzz::class.java, MessageFuzz::fuzzerTestOneInput, kept = 12, runs = 30_000)
    })

package dev.uring.testing

import io.kotest.core.config.AbstractProjectConfig
import io.kotest.core.extensions.Extension
import io.kotest.core.listeners.AfterSpecListener
import io.kotest.core.listeners.BeforeSpecListener
import io.kotest.core.spec.Spec

/**
 * Fails a spec that leaves behind what the library made for it: rings, sockets, event descriptors, threads of workers.
 * The build names it to Kotest, so a new spec is counted without asking for it. The benches are not: their subjects end
 * with their processes.
 *
 * Specs run one after another; what one shares among its tests it closes in `afterSpec`.
 */
public class LeakAccounting : AbstractProjectConfig() {
    override val extensions: List<Extension> = listOf(SpecLeaks())
}

private class SpecLeaks :
    BeforeSpecListener,
    AfterSpecListener {
    private var before = emptyMap<Int, String>()

    override suspend fun beforeSpec(spec: Spec) {
        before = heldNow()
    }

    override suspend fun afterSpec(spec: Spec) = awaitNothingSince(before, spec::class.simpleName ?: "a spec")
}

package dev.uring.bench.echo

/**
 * A closed loop: each of [connections] keeps [pipeline] requests of [payloadBytes] in flight.
 *
 * One operation is one request echoed whole.
 */
data class EchoWorkload(
    val payloadBytes: Int,
    val connections: Int,
    val pipeline: Int,
) {
    val id: String = "${size(payloadBytes)}-c$connections-p$pipeline"

    companion object {
        /** In table order: small requests, then streams that need large buffers and gathered sends. */
        val ALL: List<EchoWorkload> =
            listOf(1, 16).flatMap { pipeline -> listOf(1, 64, 1000).map { EchoWorkload(64, it, pipeline) } } +
                listOf(
                    EchoWorkload(16 * 1024, 64, 1),
                    EchoWorkload(128 * 1024, 8, 1),
                    EchoWorkload(300 * 1024, 8, 1),
                )

        /** What `--quick` measures: one workload that is all system calls and one that is all copying. */
        val QUICK: List<EchoWorkload> = listOf(EchoWorkload(64, 64, 1), EchoWorkload(16 * 1024, 64, 1))

        private fun size(bytes: Int) = if (bytes % 1024 == 0) "${bytes / 1024}KiB" else "${bytes}B"
    }
}

package dev.uring.sim

/**
 * A program and the weather it has to live in, both drawn from a seed: what the build and `./uring simulate` run.
 *
 * ### Errors
 * [run] throws [SimulationFailure]; its report names the command that shows the same again.
 */
public class Scenario internal constructor(
    /** What it is chosen by. */
    public val name: String,
    /** What it shows, in a line. */
    public val about: String,
    private val body: Simulation.() -> Unit,
) {
    /** Runs it once. */
    public fun run(seed: Long): SimulationResult =
        simulated(seed, { "./uring simulate --scenario $name --first-seed $it --seeds 1" }, body)

    override fun toString(): String = name

    /** What there is. */
    public companion object {
        /** All of them. */
        public val all: List<Scenario> =
            listOf(
                Scenario(
                    "echo",
                    "streams come back whole under faults that leave connections whole",
                    Simulation::echoAll,
                ),
                Scenario("churn", "connections come and go, are reset, refused and aborted", Simulation::churn),
                Scenario("slow", "readers pause, and cost only themselves", Simulation::slowReaders),
                Scenario("flood", "writers that never wait are ended, and queues keep their bounds", Simulation::flood),
                Scenario("relay", "a proxy passes on what it received without a copy", Simulation::relayAll),
                Scenario("handover", "memory is handed over and let go of late", Simulation::handOver),
                Scenario("mail", "messages between workers come once and in order", Simulation::mail),
                Scenario("race", "connects are cancelled when they have perhaps succeeded", Simulation::connectRaces),
                Scenario("panic", "handlers throw, and only their own connections end", Simulation::panics),
                Scenario("time", "timers fire in order and never early, whatever clocks do", Simulation::timers),
                Scenario(
                    "partition",
                    "hosts lose sight of each other and find each other again",
                    Simulation::partitions,
                ),
                Scenario("journal", "what was synced is there when the power comes back", Simulation::journal),
                Scenario("datagrams", "datagrams are lost and doubled, and never mixed up", Simulation::datagramEcho),
            )

        /** The one of a name. */
        public fun named(name: String): Scenario =
            requireNotNull(
                all.find { it.name == name },
            ) { "no scenario '$name'; there are ${all.joinToString { it.name }}" }
    }
}

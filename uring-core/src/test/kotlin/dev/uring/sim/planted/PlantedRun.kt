package dev.uring.sim.planted

import dev.uring.sim.Scenario
import java.lang.reflect.InvocationTargetException

/**
 * Runs scenarios on a second copy of the library, one class of which has a bug.
 *
 * The copy has class objects of its own, so only its names and texts come back from there.
 */
internal class PlantedRun(
    private val mutant: Mutant,
) : ClassLoader(Scenario::class.java.classLoader) {
    /** What the first seed finds that finds anything, of those up to [seedsMax]; null when none does. */
    fun firstFinding(
        scenario: String,
        seedsMax: Long,
    ): String? {
        val copy = loadClass(Scenario::class.java.name)
        val companion = copy.getField("Companion").get(null)
        val chosen = companion.javaClass.getMethod("named", String::class.java).invoke(companion, scenario)
        val run = copy.getMethod("run", Long::class.java)
        return (1..seedsMax).firstNotNullOfOrNull { seed ->
            try {
                run.invoke(chosen, seed)
                null
            } catch (thrown: InvocationTargetException) {
                val failure = thrown.targetException
                check(failure.javaClass.simpleName == "SimulationFailure") { "seed $seed: $failure" }
                "seed $seed: ${failure.message}"
            }
        }
    }

    override fun loadClass(
        name: String,
        resolve: Boolean,
    ): Class<*> {
        if (!name.startsWith("dev.uring.")) return super.loadClass(name, resolve)
        return synchronized(getClassLoadingLock(name)) { findLoadedClass(name) ?: define(name) }
    }

    private fun define(name: String): Class<*> {
        val file = name.replace('.', '/') + ".class"
        val original = parent.getResourceAsStream(file)?.use { it.readBytes() } ?: throw ClassNotFoundException(name)
        val bytes = if (name == mutant.className) mutant.plant(original) else original
        return defineClass(name, bytes, 0, bytes.size)
    }

    private companion object {
        init {
            registerAsParallelCapable()
        }
    }
}

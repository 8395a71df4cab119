package dev.uring.script

import dev.uring.dsl.UringScope
import kotlin.script.experimental.annotations.KotlinScript
import kotlin.script.experimental.api.ScriptAcceptedLocation
import kotlin.script.experimental.api.ScriptCompilationConfiguration
import kotlin.script.experimental.api.acceptedLocations
import kotlin.script.experimental.api.compilerOptions
import kotlin.script.experimental.api.defaultImports
import kotlin.script.experimental.api.ide
import kotlin.script.experimental.api.implicitReceivers
import kotlin.script.experimental.jvm.dependenciesFromClassContext
import kotlin.script.experimental.jvm.jvm

/** The class that every `*.uring.kts` script becomes; its receivers are [UringScope] and [ScriptScope]. */
@KotlinScript(
    displayName = "Uring script",
    fileExtension = SCRIPT_EXTENSION,
    compilationConfiguration = UringScriptConfiguration::class,
)
public abstract class UringScript

internal const val SCRIPT_EXTENSION: String = "uring.kts"

/** What a script may use without an import, for the compiler of [ScriptHost] and for an editor that reads this definition. */
public object UringScriptConfiguration : ScriptCompilationConfiguration({
    defaultImports(defaultImportsPresent())
    implicitReceivers(UringScope::class, ScriptScope::class)
    jvm { dependenciesFromClassContext(UringScript::class, wholeClasspath = true) }
    compilerOptions("-jvm-target", JVM_TARGET)
    ide { acceptedLocations(ScriptAcceptedLocation.Everywhere) }
}) {
    private fun readResolve(): Any = UringScriptConfiguration
}

// Scripts call inline functions of this library: their target may not be older than the library's.
private const val JVM_TARGET = "25"

private val DEFAULT_IMPORTS =
    listOf(
        "dev.uring.*",
        "dev.uring.dsl.*",
        "dev.uring.bytes.*",
        "dev.uring.redis.*",
        "dev.uring.redis.server.*",
        "kotlinx.coroutines.*",
        "kotlin.time.Duration.Companion.milliseconds",
        "kotlin.time.Duration.Companion.minutes",
        "kotlin.time.Duration.Companion.seconds",
    )

// An import of a package that is not there does not compile, and the protocol modules are the host's choice.
private fun defaultImportsPresent(): List<String> =
    DEFAULT_IMPORTS.filter { import ->
        val folder = import.removeSuffix("*").replace('.', '/')
        !import.endsWith(".*") || UringScript::class.java.classLoader.getResource(folder) != null
    }

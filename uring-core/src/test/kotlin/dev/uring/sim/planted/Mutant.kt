package dev.uring.sim.planted

import java.lang.classfile.ClassFile
import java.lang.classfile.ClassTransform
import java.lang.classfile.CodeBuilder
import java.lang.classfile.CodeElement
import java.lang.classfile.CodeTransform
import java.lang.classfile.MethodModel
import java.lang.classfile.Opcode
import java.lang.classfile.TypeKind
import java.lang.classfile.instruction.FieldInstruction
import java.lang.classfile.instruction.InvokeInstruction

/**
 * A bug that is planted into one method of a class while it is loaded: the sources know nothing of it.
 *
 * What is to be changed must be there, or [plant] fails: a planted bug that is none would be found by nobody.
 */
internal class Mutant private constructor(
    val className: String,
    private val methodName: String,
    private val parametersCount: Int?,
    private val change: () -> CountedTransform,
) {
    /** The class with the bug in it. */
    fun plant(original: ByteArray): ByteArray {
        val transforms = mutableListOf<CountedTransform>()
        val isMeant = { method: MethodModel ->
            method.methodName().equalsString(methodName) &&
                (parametersCount ?: method.methodTypeSymbol().parameterCount()) ==
                method.methodTypeSymbol().parameterCount()
        }
        // The tables of variables would not fit what is planted.
        val classFile = ClassFile.of(ClassFile.DebugElementsOption.DROP_DEBUG)
        val planted =
            classFile.transformClass(
                classFile.parse(original),
                ClassTransform.transformingMethodBodies(
                    isMeant,
                    CodeTransform.ofStateful {
                        change().also {
                            transforms +=
                                it
                        }
                    },
                ),
            )
        check(transforms.any { it.changes > 0 }) {
            "the bug does not fit any more: nothing to change in $className.$methodName; plant it where its code is now"
        }
        return planted
    }

    internal abstract class CountedTransform : CodeTransform {
        var changes = 0
            protected set
    }

    companion object {
        /** The method does not call [callee] any more; where a result is wanted there is 0, false or null. */
        fun withoutCall(
            className: String,
            method: String,
            callee: String,
        ) = Mutant(className, method, null) {
            object : CountedTransform() {
                override fun accept(
                    code: CodeBuilder,
                    element: CodeElement,
                ) {
                    if (element !is InvokeInstruction || !element.name().equalsString(callee)) {
                        code.with(element)
                        return
                    }
                    changes++
                    val type = element.typeSymbol()
                    type.parameterList().reversed().forEach { code.drop(TypeKind.from(it)) }
                    if (element.opcode() != Opcode.INVOKESTATIC) code.pop()
                    code.zero(TypeKind.from(type.returnType()))
                }
            }
        }

        /** The method does not change the field [field] any more. */
        fun withoutStore(
            className: String,
            method: String,
            field: String,
        ) = Mutant(className, method, null) {
            object : CountedTransform() {
                override fun accept(
                    code: CodeBuilder,
                    element: CodeElement,
                ) {
                    if (element is FieldInstruction && element.opcode() == Opcode.PUTFIELD &&
                        element.name().equalsString(field)
                    ) {
                        changes++
                        code.drop(TypeKind.from(element.typeSymbol()))
                        code.pop()
                    } else {
                        code.with(element)
                    }
                }
            }
        }

        /** The method begins with [prefix], which may return. */
        fun beginningWith(
            className: String,
            method: String,
            parametersCount: Int? = null,
            prefix: CodeBuilder.() -> Unit,
        ) = Mutant(className, method, parametersCount) {
            object : CountedTransform() {
                override fun atStart(code: CodeBuilder) {
                    changes++
                    code.prefix()
                }

                override fun accept(
                    code: CodeBuilder,
                    element: CodeElement,
                ) {
                    code.with(element)
                }
            }
        }
    }
}

private fun CodeBuilder.drop(kind: TypeKind) {
    if (kind.slotSize() == 2) pop2() else pop()
}

private fun CodeBuilder.zero(kind: TypeKind) {
    when (kind.asLoadable()) {
        TypeKind.INT -> iconst_0()
        TypeKind.LONG -> lconst_0()
        TypeKind.FLOAT -> fconst_0()
        TypeKind.DOUBLE -> dconst_0()
        TypeKind.REFERENCE -> aconst_null()
        else -> Unit
    }
}

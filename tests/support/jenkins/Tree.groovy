import org.codehaus.groovy.ast.ASTNode
import org.codehaus.groovy.ast.CodeVisitorSupport
import org.codehaus.groovy.ast.expr.*
import org.codehaus.groovy.ast.stmt.*
import org.codehaus.groovy.control.CompilationUnit
import org.codehaus.groovy.control.Phases

/**
 * A Groovy file as plain data, without running it: Jenkins, too, reads a declarative pipeline from its syntax tree.
 *
 * A statement is a map. `call` has the method's name, with `on` (what it is called on), `args`, `named` and `body`; `set`
 * has what is assigned, with its `value`; `if` has the condition, with `then` and `else`; anything else is `code`, with
 * the `calls` in it. A value that is no constant is a map: of a call, or with its source as `code`.
 */
class Tree {
    private final List<String> lines

    Tree(File file) {
        lines = file.readLines()
    }

    /** The statements of a file, those of its methods included, or its first mistake as `error`. */
    static Map of(File file) {
        CompilationUnit unit = new CompilationUnit()
        unit.addSource(file)
        try {
            unit.compile(Phases.CONVERSION)
        } catch (org.codehaus.groovy.control.CompilationFailedException mistake) {
            return [error: mistake.message.readLines().findAll { it.contains('@ line') }.join('; ') ?: mistake.message]
        }
        Tree tree = new Tree(file)
        def module = unit.AST.modules[0]
        [
            statements: tree.statements(module.statementBlock),
            methods: module.methods.collectEntries { [it.name, tree.statements(it.code)] },
        ]
    }

    private List statements(Statement block) {
        block instanceof BlockStatement ? block.statements.collectMany { statement(it) } : statement(block)
    }

    private List statement(Statement found) {
        switch (found) {
            case EmptyStatement: return []
            case BlockStatement: return statements(found)
            case ExpressionStatement: return [expression(found.expression)]
            case ReturnStatement: return [expression(found.expression)]
            case IfStatement: return [[
                if: source(found.booleanExpression), then: statements(found.ifBlock), else: statements(found.elseBlock),
                line: found.lineNumber,
            ]]
            case TryCatchStatement: return statements(found.tryStatement) + statements(found.finallyStatement)
            case ForStatement: return statements(found.loopBlock)
            default: return [code(found)]
        }
    }

    private Map expression(Expression found) {
        switch (found) {
            case MethodCallExpression: return call(found)
            case BinaryExpression:
                return found.operation.text == '=' ?
                    [set: source(found.leftExpression), value: value(found.rightExpression), line: found.lineNumber] :
                    code(found)
            default: return code(found)
        }
    }

    private Map call(MethodCallExpression found) {
        List arguments = found.arguments instanceof TupleExpression ? found.arguments.expressions : [found.arguments]
        Map result = [call: found.methodAsString ?: source(found.method), line: found.lineNumber]
        if (!found.implicitThis) {
            result.on = value(found.objectExpression)
        }
        if (arguments && arguments.last() instanceof ClosureExpression) {
            result.body = statements(arguments.last().code)
            arguments = arguments.init()
        }
        result.args = arguments.findAll { !(it instanceof MapExpression) }.collect { value(it) }
        result.named = arguments.findAll { it instanceof MapExpression }.collectEntries { pairs(it) }
        result
    }

    private Map pairs(MapExpression found) {
        found.mapEntryExpressions.collectEntries { [value(it.keyExpression), value(it.valueExpression)] }
    }

    private Object value(Expression found) {
        switch (found) {
            case ConstantExpression: return found.value
            case ListExpression: return found.expressions.collect { value(it) }
            case MapExpression: return pairs(found)
            case MethodCallExpression: return call(found)
            default: return code(found)
        }
    }

    /** What has no form of its own here: its source, and the calls in it. */
    private Map code(ASTNode found) {
        List calls = []
        found.visit(new CodeVisitorSupport() {
            void visitMethodCallExpression(MethodCallExpression inner) {
                calls << call(inner)
            }
        })
        [code: source(found), calls: calls, line: found.lineNumber]
    }

    private String source(ASTNode found) {
        if (found.lineNumber < 1 || found instanceof BinaryExpression) { // which knows the place of its sign alone
            return found.text
        }
        int last = found.lastLineNumber
        List part = lines[(found.lineNumber - 1)..(last - 1)]
        if (found.lineNumber == last) {
            return part[0].substring(found.columnNumber - 1, found.lastColumnNumber - 1).trim()
        }
        String end = part[-1].substring(0, found.lastColumnNumber - 1)
        ([part[0].substring(found.columnNumber - 1)] + part.subList(1, part.size() - 1) + [end]).join('\n').trim()
    }
}

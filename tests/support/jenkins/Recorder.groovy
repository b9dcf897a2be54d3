/** What a Job DSL file asks for when jenkins.yaml has it run: each call with its arguments and what is in its block. */
class Recorder {
    final List calls = []

    static List of(File file) {
        Recorder top = new Recorder()
        Binding given = new Binding(file.text.findAll(/\b[A-Z][A-Z_]+\b/).collectEntries { [it, it] })
        Script script = new GroovyShell(given).parse(file)
        script.metaClass.methodMissing = { String name, Object arguments -> top.note(name, arguments as List) }
        script.run()
        top.calls
    }

    Object methodMissing(String name, Object arguments) {
        note(name, arguments as List)
    }

    void note(String name, List arguments) {
        Map call = [call: name, args: arguments.findAll { !(it instanceof Closure) }.collect { it as String }]
        Closure block = arguments.find { it instanceof Closure }
        if (block) {
            Recorder inner = new Recorder()
            block.delegate = inner
            block.resolveStrategy = Closure.DELEGATE_FIRST
            block.call()
            call.body = inner.calls
        }
        calls << call
    }
}

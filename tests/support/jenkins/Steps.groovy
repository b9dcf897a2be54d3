import java.nio.file.FileSystems

/** The steps. What is not a method here is no step that the emitted files use, and stops the build. */
class Steps {
    final Build build

    Steps(Build build) {
        this.build = build
    }

    Object propertyMissing(String name) {
        Map known = build.variables()
        switch (name) {
            case 'env': return new Environment(build)
            case 'params': return build.asked.parameters
            case 'scm': return build.asked.origin
            case 'currentBuild': return [currentResult: build.result]
            default:
                if (known.containsKey(name)) {
                    return known[name]
                }
                throw new Stop("no such property: $name")
        }
    }

    /** Runs a block; what it calls are steps, before anything else of that name. */
    Object within(Closure body) {
        Closure own = body.clone() as Closure
        own.delegate = this
        own.resolveStrategy = Closure.DELEGATE_FIRST
        own.call()
    }

    void sh(String script) {
        File file = File.createTempFile('step', '.sh')
        file.text = script
        ProcessBuilder builder = new ProcessBuilder('/bin/sh', '-xe', file.path)
        builder.directory(build.workspace).redirectErrorStream(true)
        builder.environment().clear()
        builder.environment().putAll(build.variables())
        Process process = builder.start()
        process.outputStream.close()
        process.inputStream.eachLine { build.say(it) }
        int code = process.waitFor()
        file.delete()
        build.commands << [stage: build.stage, script: script, code: code]
        if (code) {
            throw new Stop("script returned exit code $code")
        }
    }

    void echo(String text) {
        build.say(text)
    }

    void error(String text) {
        throw new Stop(text)
    }

    void unstable(String text) {
        build.say("WARNING: $text")
        build.worsen('UNSTABLE')
    }

    void script(Closure body) {
        within(body)
    }

    void timeout(Map asked, Closure body) {
        within(body)
    }

    void lock(String name, Closure body) {
        build.locked << [stage: build.stage, name: name]
        within(body)
    }

    void withEnv(List lines, Closure body) {
        build.with(lines.collectEntries { it.toString().split('=', 2) as List }) { within(body) }
    }

    Map string(Map asked) {
        asked.containsKey('value') ? asked : [kind: 'string'] + asked
    }

    Map usernamePassword(Map asked) {
        [kind: 'password', credentialsId: asked.credentialsId, variable: asked.passwordVariable]
    }

    Map file(Map asked) {
        [kind: 'file'] + asked
    }

    Map gitUsernamePassword(Map asked) {
        [kind: 'git'] + asked
    }

    void withCredentials(List bindings, Closure body) {
        Map values = bindings.collectEntries { binding ->
            String secret = build.asked.credentials[binding.credentialsId]
            if (secret == null) {
                throw new Stop("Could not find credentials entry with ID '${binding.credentialsId}'")
            }
            build.bound << [stage: build.stage, id: binding.credentialsId]
            build.secrets << secret
            switch (binding.kind) {
                case 'git': return [GIT_ASKPASS: '/bin/false']
                case 'file':
                    File kept = File.createTempFile('secret', '', new File(build.environment.WORKSPACE_TMP))
                    kept.text = secret
                    return [(binding.variable): kept.path]
                default: return [(binding.variable): secret]
            }
        }
        build.with(values) { within(body) }
    }

    Object load(String path) {
        Scripts.of(new File(build.workspace, path), this).run()
    }

    String readFile(String path) {
        at(path).text
    }

    void writeFile(Map asked) {
        File file = at(asked.file)
        file.parentFile.mkdirs()
        file.text = asked.text
    }

    void deleteDir() {
        build.empty()
    }

    void build(Map asked) {
        List path = build.asked.job.split('/').init() as List
        asked.job.split('/').each { part -> path = part == '..' ? path.init() : path + part }
        String name = path.join('/')
        if (!(name in build.asked.jobs)) {
            throw new Stop("No item named ${asked.job} found")
        }
        Map given = (asked.parameters ?: []).collectEntries { [it.name, it.value as String] }
        build.builds << [stage: build.stage, job: name, parameters: given, wait: asked.wait]
    }

    void mail(Map asked) {
        build.mails << asked.collectEntries { name, value -> [name, value as String] }
    }

    void archiveArtifacts(Map asked) {
        keep('artifacts', asked.artifacts, asked.allowEmptyArchive)
    }

    void junit(Map asked) {
        keep('tests', asked.testResults, asked.allowEmptyResults).each { file ->
            if (new XmlSlurper().parse(file).'**'.any { it.name() in ['failure', 'error'] }) {
                build.worsen('UNSTABLE')
            }
        }
    }

    void checkout(Object scm) {
        scm == build.asked.origin || { throw new Stop("no such repository: $scm") }()
        build.checkOut()
    }

    void stash(Map asked) {
        keep("stashes/$asked.name", asked.includes, false)
    }

    void unstash(String name) {
        File stashed = new File(build.asked.kept, "stashes/$name")
        stashed.exists() || { throw new Stop("no such stash: $name") }()
        stashed.eachFileRecurse(groovy.io.FileType.FILES) { file ->
            File copy = new File(build.workspace, stashed.toPath().relativize(file.toPath()) as String)
            copy.parentFile.mkdirs()
            copy.bytes = file.bytes
        }
    }

    private File at(String path) {
        path.startsWith('/') ? new File(path) : new File(build.workspace, path)
    }

    private List keep(String kind, String patterns, Object mayBeEmpty) {
        List matchers = patterns.split(/,\s*/).collect { FileSystems.default.getPathMatcher("glob:$it") }
        List found = []
        build.workspace.exists() && build.workspace.eachFileRecurse(groovy.io.FileType.FILES) { file ->
            def path = build.workspace.toPath().relativize(file.toPath())
            if (matchers.any { it.matches(path) }) {
                File copy = new File(build.asked.kept, "$kind/$path")
                copy.parentFile.mkdirs()
                copy.bytes = file.bytes
                found << copy
            }
        }
        if (!found && !mayBeEmpty) {
            throw new Stop("nothing matches $patterns")
        }
        found
    }
}

/** `env`: what is read is as seen from here, what is set is for the rest of the build. */
class Environment {
    private final Build build

    Environment(Build build) {
        this.build = build
    }

    Object getProperty(String name) {
        this.@build.variables()[name]
    }

    void setProperty(String name, Object value) {
        this.@build.environment[name] = value as String
    }
}

/** Groovy files whose unknown methods and variables are steps and their environment. */
class Scripts {
    static Script of(File file, Steps steps) {
        if (!file.exists()) {
            throw new Stop("${file.name} is not there")
        }
        Script script = new GroovyShell(Scripts.classLoader, new Binding()).parse(file)
        script.metaClass.methodMissing = { String name, Object arguments ->
            if (!steps.metaClass.respondsTo(steps, name)) {
                throw new Stop("$name: no such step")
            }
            steps.invokeMethod(name, arguments)
        }
        script.metaClass.propertyMissing = { String name -> steps.propertyMissing(name) }
        script
    }
}

/** A directive that is made of further calls; each may be given once, and is kept under its name. */
class Block {
    final Build build
    final Map given = [:]

    Block(Build build) {
        this.build = build
    }

    Object methodMissing(String name, Object arguments) {
        if (given.containsKey(name)) {
            throw new Stop("$name is given twice")
        }
        List found = arguments as List
        given[name] = found.size() == 1 ? found[0] : found
    }

    Object propertyMissing(String name) {
        name == 'none' ? name : new Steps(build).propertyMissing(name)
    }

    Block read(Closure body) {
        body.delegate = this
        body.resolveStrategy = Closure.DELEGATE_ONLY
        body.call()
        this
    }
}

/** `environment`: each name and its value, which may use those before it. */
class Variables extends Block {
    Variables(Build build) {
        super(build)
    }

    void setProperty(String name, Object value) {
        given[name] = value as String
    }

    static Map of(Closure body, Build build) {
        body ? new Variables(build).read(body).given : [:]
    }
}

/** `parameters`, of a job or of an input: a name and its default. */
class Parameters extends Block {
    final Map defaults = [:]
    final Map choices = [:]

    Parameters(Build build) {
        super(build)
    }

    void string(Map asked) {
        defaults[asked.name] = asked.defaultValue ?: ''
    }

    void choice(Map asked) {
        defaults[asked.name] = asked.choices[0]
        choices[asked.name] = asked.choices
    }

    Map filled(Map values) {
        values.each { name, value ->
            if (!defaults.containsKey(name)) {
                throw new Stop("there is no parameter $name")
            }
            if (choices[name] && !(value in choices[name])) {
                throw new Stop("$name: $value is none of ${choices[name].join(', ')}")
            }
        }
        defaults + values
    }
}

/** `when`: all conditions must hold. */
class When extends Block {
    final List held = []

    When(Build build) {
        super(build)
    }

    void branch(String name) {
        held << (build.variables().BRANCH_NAME == name)
    }

    void changeRequest() {
        held << (build.variables().CHANGE_ID != null)
    }

    void environment(Map asked) {
        held << (build.variables()[asked.name] == asked.value)
    }

    void changeset(String pattern) {
        def matcher = java.nio.file.FileSystems.default.getPathMatcher("glob:$pattern")
        held << build.asked.changed.any { matcher.matches(new File(it).toPath()) }
    }

    void not(Closure body) {
        held << !new When(build).read(body).held.every()
    }

    void anyOf(Closure body) {
        held << new When(build).read(body).held.any()
    }

    static boolean holds(Closure body, Build build) {
        !body || (new When(build).read(body) as When).held.every()
    }
}

/** A stage, or the pipeline around all of them. */
class Stage extends Block {
    final String name
    final List<Stage> inner = []

    Stage(String name, Build build) {
        super(build)
        this.name = name
    }

    void stages(Closure body) {
        read(body)
    }

    void stage(String name, Closure body) {
        Stage found = new Stage(name, build)
        found.read(body)
        inner << found
    }

    /** In the order that Jenkins keeps: input, agent, when, environment, steps, post. */
    void run() {
        build.stage = name
        Map answered = given.input ? answer() : [:]
        build.with(answered) {
            if (name && given.agent instanceof Closure) {
                build.checkOut()
            }
            if (!When.holds(given.when as Closure, build)) {
                build.stages << [name: name, result: 'SKIPPED']
                return
            }
            build.with(Variables.of(given.environment as Closure, build)) { work() }
        }
    }

    private void work() {
        String before = build.result
        Stop stopped = null
        build.result = 'SUCCESS'
        try {
            given.steps ? new Steps(build).within(given.steps as Closure) : inner.each { it.run() }
        } catch (Stop stop) {
            stopped = stop
            build.worsen(stop.result)
        }
        String own = build.result
        build.worsen(before)
        if (name) {
            build.stages << [name: name, result: own]
        }
        build.stage = name
        if (given.post) {
            after(new Block(build).read(given.post as Closure).given, own)
        }
        if (stopped) {
            throw stopped
        }
    }

    private void after(Map conditions, String own) {
        Map holds = [
            always: true,
            regression: build.asked.before == 'SUCCESS' && own != 'SUCCESS',
            success: own == 'SUCCESS',
            cleanup: true,
        ]
        holds.each { condition, now ->
            if (now && conditions[condition]) {
                new Steps(build).within(conditions[condition] as Closure)
            }
        }
    }

    private Map answer() {
        Map asked = new Block(build).read(given.input as Closure).given
        Map given = build.asked.answers[name]
        if (given == null) {
            throw new Stop("$name: nobody answered '${asked.message}'", 'ABORTED')
        }
        if (!(asked.submitter in given.groups)) {
            throw new Stop("$name: ${given.by} is not of ${asked.submitter}", 'ABORTED')
        }
        Parameters parameters = new Parameters(build)
        parameters.read(asked.parameters as Closure)
        parameters.filled(given.values) + (asked.submitterParameter ? [(asked.submitterParameter): given.by] : [:])
    }
}

/** The pipeline of a file. */
class Pipeline {
    static Stage read(File file, Build build) {
        Stage top = new Stage('', build)
        Script script = Scripts.of(file, new Steps(build))
        script.metaClass.pipeline = { Closure body -> top.read(body) }
        script.run()
        if (top.given.parameters) {
            Parameters parameters = new Parameters(build)
            parameters.read(top.given.parameters as Closure)
            Map filled = parameters.filled(build.asked.parameters)
            build.asked.parameters = filled
            build.environment.putAll(filled)
        } else if (build.asked.parameters) {
            throw new Stop("the job takes no parameters, but got ${build.asked.parameters.keySet().join(', ')}")
        }
        top
    }
}

import java.nio.file.Files

/** A step failed, or the file asks for what there is not; the text is for people. */
class Stop extends RuntimeException {
    final String result

    Stop(String text, String result = 'FAILURE') {
        super(text)
        this.result = result
    }
}

/**
 * One build: what it was started with, its environment, and what came of it.
 *
 * Asked for by a map: `file`, the pipeline's path in the repository; `origin`, the repository; `reference`, what is checked
 * out of it; `workspace`, `kept` and `spare`, three folders; `job`, its name, and `jobs`, all names; `environment`, of Jenkins and
 * the agent; `parameters`; `credentials` by id; `answers` to input by stage, each with `by` and `values`; `changed`, the
 * files of the changes since the last build; `before`, the result of that.
 */
class Build {
    final Map asked
    final File workspace
    final Map environment
    final Map trees = [:]
    final List stages = []
    final List commands = []
    final List builds = []
    final List mails = []
    final List bound = []
    final List locked = []
    final Set secrets = []
    final StringBuilder said = new StringBuilder()
    List overlays = []
    String result = 'SUCCESS'
    String stage = ''

    static Map of(Map asked) {
        Build build = new Build(asked)
        try {
            build.checkOut()
            build.read()
            Pipeline.read(new File(build.workspace, asked.file), build).run()
        } catch (Stop stop) {
            build.say("ERROR: ${stop.message}")
            build.worsen(stop.result)
        }
        build.told()
    }

    Build(Map asked) {
        this.asked = asked
        workspace = new File(asked.workspace)
        environment = [
            WORKSPACE: workspace.path, WORKSPACE_TMP: "${workspace.path}@tmp".toString(), CI: 'true', BUILD_NUMBER: '1',
            JOB_NAME: asked.job, BUILD_TAG: "jenkins-${asked.job.replace('/', '-')}-1".toString(),
            JENKINS_URL: 'http://127.0.0.1/', BUILD_URL: "http://127.0.0.1/${asked.job}/1/".toString(),
        ] + asked.environment
        new File(environment.WORKSPACE_TMP).mkdirs()
    }

    /** What stands in the file and in what it may load, to be held to the syntax. */
    private void read() {
        [asked.file, 'jenkins/access.groovy'].findAll { new File(workspace, it).exists() }.each {
            trees[it] = Tree.of(new File(workspace, it))
        }
    }

    /** What a new build finds: a clone with all branches and tags, as the job asks for, at one commit. */
    void checkOut() {
        if (!new File(workspace, '.git').exists()) {
            workspace.deleteDir()
            git(workspace.parentFile, 'clone', '--quiet', asked.origin, workspace.path)
            move(new File(asked.spare), new File(workspace, '.venv'))
        }
        git(workspace, 'fetch', '--quiet', '--tags', 'origin')
        git(workspace, 'checkout', '--quiet', '--force', '--detach', asked.reference)
    }

    /** Empties the workspace; its .venv goes to the next build, to save time. */
    void empty() {
        move(new File(workspace, '.venv'), new File(asked.spare))
        workspace.deleteDir()
    }

    private void move(File from, File to) {
        if (from.exists()) {
            to.deleteDir()
            Files.move(from.toPath(), to.toPath())
        }
    }

    /** All variables as they are now, the inner ones before the outer ones. */
    Map variables() {
        overlays.inject(new HashMap(environment)) { all, more -> all + more }
    }

    Object with(Map more, Closure body) {
        List before = overlays
        overlays = before + [more.collectEntries { name, value -> [name as String, value as String] }]
        try {
            return body.call()
        } finally {
            overlays = before
        }
    }

    void say(String text) {
        String shown = secrets.findAll().inject(text) { all, secret -> all.replace(secret, '****') }
        said << shown << '\n'
    }

    void worsen(String to) {
        List order = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'ABORTED']
        result = order[Math.max(order.indexOf(result), order.indexOf(to))]
    }

    private void git(File where, String... arguments) {
        Process process = new ProcessBuilder(['git', *arguments] as List<String>).directory(where).redirectErrorStream(true).start()
        String text = process.inputStream.text
        if (process.waitFor()) {
            throw new Stop("git ${arguments[0]}: $text")
        }
    }

    private Map told() {
        [
            result: result, stages: stages, commands: commands, builds: builds, mails: mails, bound: bound,
            locked: locked, said: said.toString(), trees: trees,
        ]
    }
}

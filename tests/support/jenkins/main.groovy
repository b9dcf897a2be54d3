// The local executor of Jenkins files for the tests: groovy main.groovy REQUEST ANSWER, both JSON.
//
//     {"trees": [path, ...], "jobs": [path, ...]}    what stands in Groovy files, and the jobs that Job DSL files make
//     {"run": {...}}                                 a declarative pipeline, really run: see Build.groovy
//
// It is not Jenkins. It knows the part of the declarative syntax, the steps and the arguments that the emitted files
// use; anything else is an error. `sh` steps are real, in a real clone of the repository. Without effect are: timeouts,
// locks, triggers, the choice of an agent, the sandbox, and that Jenkins saves a pipeline's state between its steps. The
// folder .venv of a workspace goes to the next build.
import groovy.json.JsonOutput
import groovy.json.JsonSlurper

Map asked = new JsonSlurper().parse(new File(args[0])) as Map
Map answer = asked.run ? Build.of(asked.run) : [
    trees: asked.trees.collectEntries { [it, Tree.of(new File(it))] },
    jobs: asked.jobs.collectEntries { [it, Recorder.of(new File(it))] },
]
new File(args[1]).text = JsonOutput.toJson(answer)

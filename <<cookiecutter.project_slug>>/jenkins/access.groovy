// What steps may know and reach. A secret is bound where a variable of the agent says that it is there. Where none
// does, nothing is bound, and the commands say what is not set up. docs/jenkins.md names variables and credentials.

/**
 * Runs steps with the rights that an environment has:
 * the repository<< ", the cloud" if cookiecutter.cloud != "none" else "" >><< ", the registry of images" if cookiecutter.maturity_level == "2" else "" >>.
 */
void project(String environment, List more = [], Closure steps) {
    List secrets = []
    List variables = []
    secrets.addAll(more)
    if (env.GIT_CREDENTIALS) {
        secrets.add(gitUsernamePassword(credentialsId: env.GIT_CREDENTIALS, gitToolName: 'Default'))
    }
    // What comes from develop was not reviewed, and is not signed.
    if (env.SIGNING_KEY_CREDENTIALS && environment != 'test') {
        secrets.addAll(secret(env.SIGNING_KEY_CREDENTIALS, 'SIGNING_KEY'))
    }
<% if cookiecutter.maturity_level == "2" %>
    if (environment == 'test' && env.IMAGE_REPOSITORY_TEST) {
        variables.add("IMAGE_REPOSITORY=${env.IMAGE_REPOSITORY_TEST}")
    }
    if (env.REGISTRY_USER) {
        secrets.addAll(secret('registry-token', 'REGISTRY_TOKEN'))
    }
<% endif %>
<% if cookiecutter.cloud == "aws" %>
    String role = env."AWS_ROLE_${environment.toUpperCase()}"
    if (role) {
        variables.addAll(["AWS_ROLE_ARN=${role}", "AWS_DEFAULT_REGION=${env.AWS_REGION}"])
        secrets.add(file(credentialsId: 'aws-id-token', variable: 'AWS_WEB_IDENTITY_TOKEN_FILE'))
    }
<% elif cookiecutter.cloud == "gcp" %>
    if (env.GCP_WORKLOAD_IDENTITY_PROVIDER) {
        String settings = "${env.WORKSPACE_TMP}/google.json"
        variables.add("GOOGLE_APPLICATION_CREDENTIALS=${settings}")
        variables.add("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE=${settings}")
        secrets.add(file(credentialsId: 'gcp-id-token', variable: 'GCP_ID_TOKEN_FILE'))
    }
<% endif %>
    withEnv(variables) {
        withCredentials(secrets) {
<% if cookiecutter.cloud == "gcp" %>
            if (env.GCP_WORKLOAD_IDENTITY_PROVIDER) {
                String account = env."GCP_SERVICE_ACCOUNT_${environment.toUpperCase()}"
                writeFile(file: env.GOOGLE_APPLICATION_CREDENTIALS, text: exchange(account))
            }
<% endif %>
<% if cookiecutter.maturity_level == "2" %>
            try {
                steps()
            } finally {
                sh 'make logout' // the agent stays
            }
<% else %>
            steps()
<% endif %>
        }
    }
}

/** Runs steps that look at the prediction log of production. */
void monitoring(Closure steps) {
    String log = env.PREDICTION_LOG_CREDENTIALS
    project(
        '<< "automation" if cookiecutter.maturity_level == "2" else "production" >>',
        log ? secret(log, 'PREDICTION_LOG') : [],
        steps
    )
}

/** Runs steps that deploy to an environment: one job after the other, and each has half an hour from its turn on. */
void environment(String name, Closure steps) {
<% if cookiecutter.deploy_target == "docker" %>
    String host = env."DEPLOY_HOST_${name.toUpperCase()}" ?: ''
    List secrets = []
    if (host) {
        secrets.addAll(secret("deploy-key-${name}", 'DEPLOY_KEY'))
        secrets.addAll(secret("known-hosts-${name}", 'DEPLOY_KNOWN_HOSTS'))
        secrets.addAll(secret("service-settings-${name}", 'SERVICE_SETTINGS'))
    }
    String where = "DEPLOY_HOST=${host}"
<% else %>
    String context = env."DEPLOY_CONTEXT_${name.toUpperCase()}" ?: ''
    List secrets = context ? secret("kubeconfig-${name}", 'DEPLOY_KUBECONFIG') : []
    String where = "DEPLOY_CONTEXT=${context}"
<% endif %>
    lock("<< cookiecutter.project_slug >>-${name}") {
        timeout(time: 30, unit: 'MINUTES') {
            withEnv(["ENV=${name}", where]) {
                project(name, secrets, steps)
            }
        }
    }
}
<% if cookiecutter.cloud == "gcp" %>

/** How Google's libraries and gcloud exchange the id token of this build for the rights of a service account. */
String exchange(String account) {
    String identity = 'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts'
    return """{
  "type": "external_account",
  "audience": "//iam.googleapis.com/${env.GCP_WORKLOAD_IDENTITY_PROVIDER}",
  "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
  "token_url": "https://sts.googleapis.com/v1/token",
  "service_account_impersonation_url": "${identity}/${account}:generateAccessToken",
  "credential_source": {"file": "${env.GCP_ID_TOKEN_FILE}", "format": {"type": "text"}}
}
"""
}
<% endif %>

/** A secret of the job's folder as a variable: Job DSL keeps none there but as a password. */
List secret(String id, String variable) {
    return [usernamePassword(credentialsId: id, usernameVariable: 'SECRET', passwordVariable: variable)]
}

/** What the commands so far hand on: lines NAME=value. */
Map outputs() {
    Map found = [:]
    for (String line : readFile(env.OUTPUTS).readLines()) {
        String[] parts = line.split('=', 2)
        found.put(parts[0], parts[1])
    }
    return found
}

return this

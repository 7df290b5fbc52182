// The life of a token through the client that openapi-generator makes for Go.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	api "countersign.example/client"
)

var root = context.WithValue(context.Background(), api.ContextAccessToken, os.Getenv("COUNTERSIGN_TOKEN"))

func must[T any](answer T, _ *http.Response, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return answer
}

func check(holds bool, what string) {
	if !holds {
		log.Fatal(what)
	}
}

// The problem that a call is refused with.
func refused[T any](status int) func(T, *http.Response, error) api.Problem {
	return func(_ T, response *http.Response, err error) api.Problem {
		check(err != nil && response.StatusCode == status, "it was not refused")
		return err.(*api.GenericOpenAPIError).Model().(api.Problem)
	}
}

func main() {
	configuration := api.NewConfiguration()
	configuration.Servers = api.ServerConfigurations{{URL: os.Getenv("COUNTERSIGN_URL")}}
	client := api.NewAPIClient(configuration)
	tokens, checks := client.TokensAPI, client.ChecksAPI
	expiry := time.Now().Add(30 * 24 * time.Hour).UTC().Truncate(time.Second)

	draft := api.NewTokenDraft("go", expiry, []string{"api.api-tokens.read"})
	draft.SetAllowedAddresses([]string{"127.0.0.1"})
	made := must(tokens.CreateToken(root).TokenDraft(*draft).Execute())
	check(strings.HasPrefix(made.Token, "csg_") && made.Version == 1, "created")

	read := must(tokens.GetToken(root, made.Id).Execute())
	check(read.Name == "go" && read.Expiry.Equal(expiry), "read")

	edit := api.NewTokenEdit("go, renamed")
	edit.SetVersion(1)
	changed := must(tokens.UpdateToken(root, made.Id).TokenEdit(*edit).Execute())
	check(changed.Version == 2 && changed.AllowedAddresses[0] == "127.0.0.1", "updated")
	problem := refused[*api.UpdatedToken](409)(tokens.UpdateToken(root, made.Id).TokenEdit(*edit).Execute())
	check(problem.Type == "/problems/version-conflict" && *problem.CurrentVersion == 2, "conflict")

	rotation := api.NewTokenRotation()
	rotation.SetVersion(2)
	rotation.SetOverlapSeconds(60)
	rotated := must(tokens.RotateToken(root, made.Id).TokenRotation(*rotation).Execute())
	check(rotated.Token != made.Token && rotated.Version == 3, "rotated")

	question := api.NewTokenQuestion(rotated.Token)
	question.SetAddress("127.0.0.1")
	verdict := must(checks.VerifyToken(root).TokenQuestion(*question).Execute())
	check(verdict.Active && verdict.Code == "ok" && verdict.Token.Id == made.Id, "verified")
	questions := []api.TokenQuestion{*question, *api.NewTokenQuestion("csg_")}
	verdicts := must(checks.VerifyTokenBatch(root).TokenQuestion(questions).Execute())
	check(verdicts[0].Active && verdicts[1].Code == "invalid-token", "verified in a batch")

	listed := must(tokens.ListTokens(root).Limit(100).Execute())
	check(len(listed.Content) >= 2, "listed")
	name := api.NewTextFilter()
	name.SetIprefix("GO, ")
	filter := api.NewTokenFilter()
	filter.SetName(*name)
	found := must(tokens.QueryTokens(root).TokenFilter(*filter).Execute())
	check(found.TotalElements == 1 && found.Content[0].Id == made.Id, "queried")

	// The proxy made a new kind of the first one.
	events := must(tokens.ListTokenEvents(root, made.Id).Execute())
	check(len(events.Content) == 3 && events.Content[2].Type == "imported", "history")

	must(tokens.RevokeToken(root, made.Id).Execute())
	refused[*api.DetailedToken](404)(tokens.GetToken(root, made.Id).Execute())
}
